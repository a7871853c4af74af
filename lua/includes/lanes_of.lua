--- lanes_of: the lanes in which a ready task may wait, and its queue: its own, the one of its kind in the same ring,
--- and both in the ring of its kind, if it was set aside.
--@include record_lane
--@include kind_lane
local function lanes_of(record)
  local lane, kind, queue = record_lane(record)
  local aside = queue .. '|' .. kind .. string.match(lane, '^[^\t]*(.*)$')
  return { lane, aside, kind_lane(lane, kind), kind_lane(aside, kind) }, queue
end
