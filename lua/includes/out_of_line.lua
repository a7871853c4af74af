--- out_of_line: lanes of this claim that stand in line although their tokens are due (`gate.line`, see `refill`) leave
--- it. Whoever calls it gives them a turn, parks them elsewhere, or knows that they are empty.
--@seldom
--@include key
--@include lane_parts
--@include leave_lines
local function out_of_line(gate, lanes)
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
  local is_over = leave_lines(leaving)
  for ring, list in pairs(parked) do
    redis.call('HDEL', key('parked', ring), unpack(list))
  end
  for queue, names in pairs(timers) do
    -- Others may have joined a line in this very call, and need its timer.
    local over = {}
    for _, name in ipairs(names) do
      over[#over + 1] = is_over[name] and name or nil
    end
    if over[1] then
      redis.call('ZREM', key('refill', queue), unpack(over))
    end
  end
end
