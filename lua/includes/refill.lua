--- refill: looks for limits of a queue that have tokens again. A plain lane that is the only one in line is offered to
--- this claim from where it stands (`gate.due`): most are blocked again by their next task, and then only their timer
--- moves. Of other lines as many lanes are woken as there are tokens, and the timer is set for the next. Up to `most`
--- limits.
--@seldom
--@include key
--@include lane_parts
--@include load_limits
--@include limit_room
--@include refill_due
--@include next_in_line
--@include rouse
local function refill(queue, most, gate, roused)
  local timers = key('refill', queue)
  local due = redis.call('ZRANGE', timers, '-inf', string.format('%.0f', gate.now), 'BYSCORE', 'LIMIT', 0, most)
  if #due == 0 then
    return
  end
  load_limits(gate, due)
  local lanes, asked, again, over = {}, {}, {}, {}
  for i, line in ipairs(redis.call('HMGET', key('lines'), unpack(due))) do
    local name = due[i]
    local limit = gate.limits[name]
    local room = limit and math.min(limit_room(limit, gate.us), 200) or 200
    local lane, ring, tenant, its_queue = nil, nil, nil, nil
    if limit and room > 0 and line and line ~= '' then
      lane = string.sub(line, string.find(line, '\t', 1, true) + 1)
      local _
      ring, tenant, _, its_queue = lane_parts(lane)
    end
    if its_queue == queue and #lane == #ring + 1 + #tenant then
      gate.line[lane] = name
      local list = gate.due[ring]
      if list then
        list[#list + 1], list[#list + 2] = lane, tenant
      else
        gate.due[ring] = { lane, tenant }
      end
    else
      asked[#asked + 1], asked[#asked + 2] = name, room
    end
  end
  local woken, left = next_in_line(asked, lanes)
  for i = 1, #asked, 2 do
    local name = asked[i]
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
  -- One that another queue's timer had offered stands in line no more.
  for _, lane in ipairs(lanes) do
    gate.line[lane] = nil
  end
  rouse(lanes, gate.now, roused)
end
