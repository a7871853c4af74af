--- leave_kind: notes that no task is left in a ring, if that is one of tasks set aside for a kind, and none is parked.
--@seldom
--@include key
local function leave_kind(ring)
  local queue, kind = string.match(ring, '^([^|]*)|(.*)$')
  if kind and redis.call('EXISTS', key('parked', ring)) == 0 then
    redis.call('SREM', key('kinds', queue), kind)
  end
end
