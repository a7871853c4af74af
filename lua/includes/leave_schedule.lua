--- leave_schedule: a job or run that a schedule has started is over. If a tick waits for that, the schedule is due now.
--@include key
--@include set_due
local function leave_schedule(name, id, now)
  if redis.call('SREM', key('fires', name), id) == 1 then
    local waits = redis.call('HMGET', key('schedule', name), 'blocked', 'paused')
    if waits[1] and not waits[2] then
      set_due(name, now)
    end
  end
end
