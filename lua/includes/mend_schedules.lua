--- mend_schedules: what is stored is listed and looked at; what is listed and not stored is forgotten; what a schedule
--- takes for live and is over has ended. What should expire and has no end gets a day.
--@include key
--@include set_due
--@include leave_schedule
local function mend_schedules(fault, part, item, _, now)
  if fault == 'schedules.orphan' then
    redis.call('ZREM', key('schedules'), item)
  elseif fault == 'ticks.orphan' then
    redis.call('ZREM', key('ticks'), item)
  elseif fault == 'ticked.orphan' then
    redis.call('UNLINK', key('ticked', part))
  elseif fault == 'fires.stale' then
    leave_schedule(part, item, now)
  elseif fault == 'schedule.unlisted' then
    redis.call('ZADD', key('schedules'), 0, part)
  elseif fault == 'schedule.asleep' then
    set_due(part, tonumber(redis.call('HGET', key('schedule', part), 'tick')) or now)
  elseif fault == 'schedule.stuck' then
    set_due(part, now)
  elseif fault == 'life.unending' then
    redis.call('PEXPIRE', key(part), 86400000)
  elseif fault == 'life.fleeting' then
    redis.call('PERSIST', key(part))
  else
    return nil
  end
  return 'mended'
end
