--- drop: ends a task without success: forgets it, keeps a retained result, counts it. The caller has taken it out of
--- the place where it was.
--@seldom
--@include key
--@include record_lane
--@include retain_of
--@include keep_result
--@include total
--@include untie
local function drop(id, record, state, now, reason)
  local retain = record and retain_of(record)
  if record then
    local _, _, queue = record_lane(record)
    keep_result(id, state, now, reason, retain)
    total(queue, state, 1)
  end
  redis.call('HDEL', key('tasks'), id)
  redis.call('HDEL', key('tries'), id)
  redis.call('HDEL', key('cancels'), id)
  local bonds = redis.call('HGET', key('bonds'), id)
  if bonds then
    untie(id, bonds, state, now, retain)
  end
end
