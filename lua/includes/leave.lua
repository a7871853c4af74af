--- leave: takes the turn away from the tenant of a lane that may have become empty otherwise than by being served.
--@include key
--@include lane_parts
local function leave(lane)
  if redis.call('EXISTS', key('lane', lane)) == 1 then
    return
  end
  local ring, tenant, _, queue, kind = lane_parts(lane)
  local plain = ring .. '\t' .. tenant
  if redis.call('ZREM', key('lanes', plain), lane) == 1 then
    if redis.call('EXISTS', key('lanes', plain)) == 1 then
      return
    end
    redis.call('SREM', key('wide', ring), tenant)
  end
  redis.call('ZREM', key('turn', ring), tenant)
  if kind and redis.call('EXISTS', key('turn', ring)) == 0 then
    redis.call('SREM', key('kinds', queue), kind)
  end
end
