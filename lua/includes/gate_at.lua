--- gate_at: what a claim knows of limits, nothing yet: `limits` by name (see `load_limits`), `of` those of each lane,
--- `holding` the ids that it adds to each, `parked` the lanes that are blocked, `met` how many of them for nothing.
local function gate_at(now, us)
  return { now = now, us = us, limits = {}, wild = {}, of = {}, holding = {}, parked = {}, met = 0 }
end
