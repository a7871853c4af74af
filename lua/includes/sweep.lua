--- sweep: looks at limits that have lanes in line for a slot, a few a call and each about once a second: when one has
--- room after all (the lane that was woken for it left without taking it, or waits where nobody serves it; the limit
--- was raised or removed), the next in line are woken. So no lane waits for ever, whatever became of a wake-up. Also
--- forgets tokens of limits that are full again.
--@seldom
--@include key
--@include load_limits
--@include limit_room
--@include next_in_line
--@include await_token
--@include rouse
local function sweep(gate, roused)
  local before = string.format('%.0f', gate.now - 1000)
  local names = redis.call('ZRANGE', key('contended'), '-inf', before, 'BYSCORE', 'LIMIT', 0, 4)
  if #names > 0 then
    load_limits(gate, names)
    local lanes, asked = {}, {}
    for i, name in ipairs(names) do
      local limit = gate.limits[name]
      asked[2 * i - 1] = name
      asked[2 * i] = limit and math.max(0, math.min(limit_room(limit, gate.us) - (limit.woken or 0), 16)) or 200
    end
    local woken, left = next_in_line(asked, lanes)
    for _, name in ipairs(names) do
      local limit = gate.limits[name]
      if left[name] then
        await_token(limit, woken[name] + (limit and limit.woken or 0))
        redis.call('ZADD', key('contended'), string.format('%.0f', gate.now), name)
      else
        redis.call('ZREM', key('contended'), name)
      end
    end
    rouse(lanes, gate.now, roused)
  end
  local some, full = redis.call('HRANDFIELD', key('tokens'), 4, 'WITHVALUES'), {}
  for i = 1, #some, 2 do
    if tonumber(some[i + 1]) <= gate.us then
      full[#full + 1] = some[i]
    end
  end
  if #full > 0 then
    redis.call('HDEL', key('tokens'), unpack(full))
  end
end
