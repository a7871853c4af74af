--- delete_schedule: forgets a schedule. What it has started goes on. One that a worker declares stays, since that
--- worker would make it anew.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] name: of the schedule
--- returns: 'deleted', 'declared' (by a worker within the last three minutes) or 'unknown'
--@include key
--@include clock
local name, hash = ARGV[1], key('schedule', ARGV[1])
local revision, current = unpack(redis.call('HMGET', hash, 'revision', 'current'))
if not revision then
  return 'unknown'
end
local now = clock()
if current and tonumber(redis.call('HGET', hash, 'd:' .. current) or 0) > now - 180000 then
  return 'declared'
end
redis.call('DEL', hash, key('ticked', name))
redis.call('UNLINK', key('fires', name))
redis.call('ZREM', key('schedules'), name)
redis.call('ZREM', key('ticks'), name)
return 'deleted'
