--- make_way: drops the oldest tasks that count under a cap and wait, `count` of them or as many as there are among
--- the next few. What runs is not touched. What `plan` has pushed gets its turns first, for it may be dropped too.
--@seldom
--@include key
--@include enter
--@include withdraw
--@include drop
local function make_way(target, count, plan, now)
  enter(plan.entering, now)
  plan.entering = {}
  for _, id in ipairs(redis.call('ZRANGE', key('live', target), 0, count + 63)) do
    local record = redis.call('HGET', key('tasks'), id)
    if count > 0 and record and withdraw(id, record) then
      drop(id, record, 'discarded', now, 'made way for a newer one')
      count = count - 1
    end
  end
end
