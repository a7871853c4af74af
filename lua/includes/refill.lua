--- refill: wakes the lanes of a queue whose limit has tokens again, as many as there are tokens, and sets the timer
--- for the next one while lanes may be in line. Up to 200 limits.
--@include key
--@include load_limits
--@include limit_room
--@include refill_due
--@include next_in_line
--@include rouse
local function refill(queue, gate, roused)
  local timers = key('refill', queue)
  local due = redis.call('ZRANGE', timers, '-inf', string.format('%.0f', gate.now), 'BYSCORE', 'LIMIT', 0, 200)
  if #due == 0 then
    return
  end
  load_limits(gate, due)
  local lanes, asked, again, over = {}, {}, {}, {}
  for i, name in ipairs(due) do
    local limit = gate.limits[name]
    asked[2 * i - 1] = name
    asked[2 * i] = limit and math.min(limit_room(limit, gate.us), 200) or 200
  end
  local woken, left = next_in_line(asked, lanes)
  for _, name in ipairs(due) do
    local limit = gate.limits[name]
    if not left[name] then
      over[#over + 1] = name
    elseif limit and limit.most and limit.held + woken[name] >= limit.most then
      -- Whoever frees a slot wakes the next.
      over[#over + 1] = name
      redis.call('ZADD', key('contended'), 'NX', string.format('%.0f', gate.now), name)
    else
      local at = limit and limit.interval and refill_due(limit, woken[name]) or gate.now
      again[#again + 1] = string.format('%.0f', math.max(at, gate.now + 1))
      again[#again + 1] = name
    end
  end
  if #over > 0 then
    redis.call('ZREM', timers, unpack(over))
  end
  if #again > 0 then
    redis.call('ZADD', timers, unpack(again))
  end
  rouse(lanes, gate.now, roused)
end
