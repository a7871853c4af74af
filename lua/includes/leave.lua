--- leave: takes a lane that may have become empty otherwise than by being served out of its line, or its tenant out
--- of the turns.
--@include key
--@include lane_parts
--@include leave_lines
local function leave(lane)
  if redis.call('EXISTS', key('lane', lane)) == 1 then
    return
  end
  local ring, tenant, _, queue, kind = lane_parts(lane)
  local plain, turn, parked = ring .. '\t' .. tenant, key('turn', ring), key('parked', ring)
  local limit = redis.call('HGET', parked, lane)
  if limit then
    redis.call('HDEL', parked, lane)
    if leave_lines({ limit, lane })[limit] then
      redis.call('ZREM', key('contended'), limit)
      redis.call('ZREM', key('refill', queue), limit)
    end
  elseif redis.call('ZREM', key('lanes', plain), lane) == 1 then
    if redis.call('EXISTS', key('lanes', plain)) == 0 then
      redis.call('SREM', key('wide', ring), tenant)
      redis.call('ZREM', turn, tenant)
    end
  elseif lane == plain then
    redis.call('ZREM', turn, tenant)
  end
  if kind and redis.call('EXISTS', turn, parked) == 0 then
    redis.call('SREM', key('kinds', queue), kind)
  end
end
