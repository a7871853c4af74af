--- take: takes up to `room` ready task ids out of the lanes of one ring, tenants in turn by weight, as far as limits
--- let it (`gate`, nil where there are none). Returns a list of {lane, ids}, and whether tasks may be left.
--@include key
--@include take_turns
--@include leave_kind
local function take(ring, room, now, gate)
  local turn = key('turn', ring)
  -- One more than fits into a claim of one: whether somebody else waits decides whether rounds are counted.
  local rows = redis.call('ZRANGE', turn, 0, math.max(room, 2) - 1, 'WITHSCORES')
  if not rows[1] and not (gate and gate.due[ring]) then
    return {}, false
  end
  if gate or rows[3] or redis.call('SISMEMBER', key('wide', ring), rows[1]) == 1 then
    return take_turns(ring, room, now, gate, rows)
  end
  -- A tenant that is alone with one lane: no turns to keep, and the lane says itself whether it is empty.
  local lane = ring .. '\t' .. rows[1]
  local list = key('lane', lane)
  local ids = redis.call('LPOP', list, room) or {}
  local left = #ids == room and redis.call('EXISTS', list) == 1
  if not left then
    redis.call('ZREM', turn, rows[1])
    leave_kind(ring)
  end
  return { { lane, ids } }, left
end
