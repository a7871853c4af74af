--- gate_at: what a claim knows of limits, nothing yet: `limits` by name (see `load_limits`), `of` those of each lane,
--- `holding` the ids that it adds to each, `parked` the lanes that it met blocked, `met` how many of them for nothing,
--- `served` those that it was given tasks of, `again` the rings in which lanes got a turn meanwhile, `roused` the
--- rings of lanes that were woken, `look` how often lanes were looked at. `due`, by ring, lanes in line whose tokens
--- are due, each with its tenant; `line` the limit that each stands in line for, until it leaves (see `refill`).
--- `terms`: see `load_terms`.
local function gate_at(now, us, roused)
  return {
    now = now, us = us, limits = {}, of = {}, holding = {}, parked = {}, met = 0, again = {},
    served = {}, look = 0, roused = roused, due = {}, line = {},
  }
end
