--- sweep: looks at one limit that has lanes in line for a slot, chosen by chance: when it has room after all (the
--- lane that was woken for it left without taking it, the limit was raised or removed), the next in line are woken.
--- So no lane waits for ever, whatever became of a wake-up. Also forgets tokens of limits that are full again.
--@include key
--@include load_limits
--@include limit_room
--@include next_in_line
--@include rouse
local function sweep(gate, roused)
  local name = redis.call('SRANDMEMBER', key('contended'))
  if name then
    load_limits(gate, { name })
    local limit, lanes = gate.limits[name], {}
    local room = limit and math.min(limit_room(limit, gate.us), 16) or 200
    if room > 0 then
      next_in_line(name, room, lanes)
      rouse(lanes, gate.now, roused)
    end
    if redis.call('EXISTS', key('waiting', name)) == 0 then
      redis.call('SREM', key('contended'), name)
    end
  end
  local some = redis.call('HRANDFIELD', key('tokens'), 4, 'WITHVALUES')
  for i = 1, #some, 2 do
    if tonumber(some[i + 1]) <= gate.us then
      redis.call('HDEL', key('tokens'), some[i])
    end
  end
end
