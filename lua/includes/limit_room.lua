--- limit_room: how many tasks a limit lets start now. Rates are token buckets in the form of GCRA (ITU-T I.371): the
--- one value `paid` is the moment (us) up to which tokens are used up, and may run ahead of now by `burst` intervals.
local function limit_room(limit, us)
  local room = math.huge
  if limit.interval then
    room = math.floor(limit.burst - (limit.paid - us) / limit.interval + 1e-6)
  end
  if limit.most and limit.most - limit.held < room then
    room = limit.most - limit.held
  end
  return room > 0 and room or 0
end
