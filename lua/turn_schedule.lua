--- turn_schedule: pauses a schedule, or lets it go on with the tick given.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] name: of the schedule
--- ARGV[2] by: who pauses it, or '' to resume
--- ARGV[3] revision: that it is resumed at
--- ARGV[4] tick: to go on with, or '' for none
--- ARGV[5] due: moment at which that is fired, or ''
--- returns: 'done', 'same' (it was so before), 'stale' (it was changed: read it anew) or 'unknown'
--@include key
--@include clock
--@include set_due
local name, hash = ARGV[1], key('schedule', ARGV[1])
local revision, paused = unpack(redis.call('HMGET', hash, 'revision', 'paused'))
if not revision then
  return 'unknown'
end
if ARGV[2] ~= '' then
  if paused then
    return 'same'
  end
  redis.call('HSET', hash, 'paused', ARGV[2] .. '\t' .. string.format('%.0f', (clock())))
  redis.call('HINCRBY', hash, 'revision', 1)
  set_due(name)
  return 'done'
end
if not paused then
  return 'same'
elseif revision ~= ARGV[3] then
  return 'stale'
end
redis.call('HDEL', hash, 'paused', 'waiting', 'blocked', 'tick')
if ARGV[4] ~= '' then
  redis.call('HSET', hash, 'tick', ARGV[4])
end
redis.call('HINCRBY', hash, 'revision', 1)
set_due(name, tonumber(ARGV[5]))
return 'done'
