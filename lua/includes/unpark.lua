--- unpark: lanes of this claim that stand in line although their tokens are due (`gate.line`, see `refill`) leave it.
--- Whoever calls it gives them a turn, parks them elsewhere, or knows that they are empty.
--@include key
--@include lane_parts
--@include leave_lines
local function unpark(gate, lanes)
  local leaving, parked, timers = {}, {}, {}
  for _, lane in ipairs(lanes) do
    local ring, _, _, queue = lane_parts(lane)
    local name = gate.line[lane]
    gate.line[lane] = nil
    leaving[#leaving + 1], leaving[#leaving + 2] = name, lane
    parked[ring], timers[queue] = parked[ring] or {}, timers[queue] or {}
    table.insert(parked[ring], lane)
    table.insert(timers[queue], name)
  end
  leave_lines(leaving)
  for ring, list in pairs(parked) do
    redis.call('HDEL', key('parked', ring), unpack(list))
  end
  for queue, list in pairs(timers) do
    redis.call('ZREM', key('refill', queue), unpack(list))
  end
end
