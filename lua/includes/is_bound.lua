--- is_bound: whether a task belongs to a run that is there. Its record is read only if its id looks like those of runs'
--- tasks (see `queue_task`), so that it costs plain jobs nothing.
--@include key
--@include run_of
local function is_bound(id)
  if not string.find(id, '%-%l%d+$') then
    return false
  end
  local record = redis.call('HGET', key('tasks'), id)
  local run = record and run_of(record)
  return run and redis.call('EXISTS', key('run', run)) == 1
end
