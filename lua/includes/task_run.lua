--- task_run: the run that a task belongs to, or nil. Its record is read only if its id looks like those of runs' tasks
--- (see `queue_task`), so that it costs plain jobs nothing.
--@include key
--@include run_of
local function task_run(id)
  local record = string.find(id, '%-%l%d+$') and redis.call('HGET', key('tasks'), id)
  return record and run_of(record) or nil
end
