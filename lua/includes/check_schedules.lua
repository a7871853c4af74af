--- check_schedules: schedules are listed, looked at when they should be, and know what they have started that goes on.
--@include key
--@include has_bond
local function check_schedules(tell, aspect, part, item)
  if aspect == 'schedules' then
    if redis.call('EXISTS', key('schedule', item)) == 0 then
      tell('schedules.orphan')
    end
  elseif aspect == 'ticks' then
    if redis.call('EXISTS', key('schedule', item)) == 0 or redis.call('HEXISTS', key('schedule', item), 'paused') == 1
    then
      tell('ticks.orphan')
    end
  elseif aspect == 'ticked' then
    if redis.call('EXISTS', key('schedule', part)) == 0 then
      tell('ticked.orphan')
    end
  elseif aspect == 'fires' then
    local known = redis.call('HMGET', key('run', item), 'o', 'f')
    local is_run = known[1] == part and string.find(known[2] or 'S', '^%l')
    if not is_run and not has_bond(item, 'o' .. part) then
      tell('fires.stale')
    end
  else
    local fields = redis.call('HMGET', key('schedule', part), 'spec', 'payload', 'revision', 'made', 'paused', 'tick',
      'blocked')
    local is_due = redis.call('ZSCORE', key('ticks'), part)
    if not redis.call('ZSCORE', key('schedules'), part) then
      tell('schedule.unlisted')
    end
    if not (fields[1] and fields[2] and fields[3] and fields[4]) then
      tell('schedule.unreadable')
    elseif not fields[5] and not is_due then
      if fields[6] and not fields[7] then
        tell('schedule.asleep')
      elseif fields[7] and redis.call('EXISTS', key('fires', part)) == 0 then
        tell('schedule.stuck')
      end
    end
  end
end
