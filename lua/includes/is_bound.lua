--- is_bound: whether a task belongs to a run that is there.
--@include key
--@include task_run
local function is_bound(id)
  local run = task_run(id)
  return run and redis.call('EXISTS', key('run', run)) == 1
end
