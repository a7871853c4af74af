--- cancel_task: ends a task that waits, or asks the worker that runs it to end it. Returns 'cancelled', 'requested', or
--- 'dead' for a dead letter, which stays.
--@include key
--@include record_lane
--@include withdraw
--@include drop
local function cancel_task(id, record, reason, now)
  local _, _, queue = record_lane(record)
  if redis.call('ZSCORE', key('dead', queue), id) then
    return 'dead'
  end
  local is_out, worker = withdraw(id, record)
  if not is_out then
    redis.call('HSET', key('cancels'), id, reason)
    redis.call('RPUSH', key('wake', worker), 'cancel ' .. id .. ' ' .. reason)
    return 'requested'
  end
  redis.call('ZREM', key('expiring', queue), id)
  drop(id, record, 'cancelled', now, reason)
  return 'cancelled'
end
