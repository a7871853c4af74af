--- cancel: ends a task that waits, or asks the worker that runs it to end it. It is not tried again in either case.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] id: task
--- ARGV[2] reason: for people and for the handler
--- returns: 'cancelled' (it waited), 'requested' (it runs), 'dead' (a dead letter: discard it), 'unknown', or
---   'run <id>': it belongs to that run, and stays (cancel the run)
--@include key
--@include clock
--@include record_lane
--@include withdraw
--@include drop
--@include run_of
local id, reason = ARGV[1], ARGV[2]
local record = redis.call('HGET', key('tasks'), id)
if not record then
  return 'unknown'
end
local run = run_of(record)
if run and redis.call('EXISTS', key('run', run)) == 1 then
  return 'run ' .. run
end
local _, _, queue = record_lane(record)
if redis.call('ZSCORE', key('dead', queue), id) then
  return 'dead'
end
local now = clock()
local is_out, worker = withdraw(id, record)
if not is_out then
  redis.call('HSET', key('cancels'), id, reason)
  redis.call('RPUSH', key('wake', worker), 'cancel ' .. id .. ' ' .. reason)
  return 'requested'
end
redis.call('ZREM', key('expiring', queue), id)
drop(id, record, 'cancelled', now, reason)
return 'cancelled'
