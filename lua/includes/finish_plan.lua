--- finish_plan: gives turns to what `store_group` pushed, and wakes a worker for each queue that has more to do now,
--- or sooner than it had.
--@include key
--@include enter
--@include wake
local function finish_plan(plan, now)
  enter(plan.entering, now)
  for queue in pairs(plan.earlier) do
    plan.ready[queue] = true
  end
  for queue in pairs(plan.ready) do
    if redis.call('HEXISTS', key('paused'), 'queue:' .. queue) == 0 then
      wake(queue)
    end
  end
end
