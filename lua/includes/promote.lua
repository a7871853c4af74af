--- promote: moves up to 200 delayed tasks of a queue that are due into their lanes, and ends up to 200 that have
--- expired before they started. A task whose record is gone was cancelled and is dropped.
--@include key
--@include let_go
--@include expire
local function promote(queue, now, expires)
  local delayed, moment = key('delayed', queue), string.format('%.0f', now)
  local due = redis.call('ZRANGE', delayed, '-inf', moment, 'BYSCORE', 'LIMIT', 0, 200)
  if #due > 0 then
    let_go(delayed, due, now)
  end
  if not expires then
    return
  end
  local expiring = key('expiring', queue)
  local over = redis.call('ZRANGE', expiring, '-inf', moment, 'BYSCORE', 'LIMIT', 0, 200)
  if #over > 0 then
    expire(expiring, over, now)
  end
end
