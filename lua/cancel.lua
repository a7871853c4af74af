--- cancel: ends a task that waits, or asks the worker that runs it to end it. It is not tried again in either case.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] id: task
--- ARGV[2] reason: for people and for the handler
--- returns: 'cancelled' (it waited), 'requested' (it runs), 'dead' (a dead letter: discard it), 'unknown', or
---   'run <id>': it belongs to that run, and stays (cancel the run)
--@include key
--@include clock
--@include cancel_task
--@include run_of
local record = redis.call('HGET', key('tasks'), ARGV[1])
if not record then
  return 'unknown'
end
local run = run_of(record)
if run and redis.call('EXISTS', key('run', run)) == 1 then
  return 'run ' .. run
end
return cancel_task(ARGV[1], record, ARGV[2], (clock()))
