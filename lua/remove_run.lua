--- remove_run: removes a run that has ended with all that belongs to it, in parts of bounded work: to be called again
--- as long as it says 'more'. Tasks of it that still wait in a lane are dropped when their turn comes.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] run: id
--- ARGV[2] expired: '1' to remove it only if the time for which it is kept is over
--- returns: 'removed', 'more', 'live' (it has not ended), 'kept' (its time is not over) or 'unknown'
--@include key
--@include clock
--@include run_facts
--@include disarm
local id = ARGV[1]
local text, name, workflow, tags = unpack(redis.call('HMGET', key('run', id), 'f', 'x', 'w', 't'))
if not text then
  redis.call('ZREM', key('retained'), id)
  return 'unknown'
end
local state = run_facts(text).state
if not string.find(state, '%u') then
  return 'live'
end
if ARGV[2] == '1' then
  local moment = tonumber(redis.call('ZSCORE', key('retained'), id) or nil)
  if not moment or moment > clock() then
    return 'kept'
  end
end
local timers, shelf, fans = key('timers', id), key('shelf', id), key('fans', id)
local found = redis.call('HRANDFIELD', timers, 500, 'WITHVALUES')
for i = 1, #found, 2 do
  disarm(found[i + 1])
  redis.call('HDEL', timers, found[i])
end
for _, entry in ipairs(redis.call('LPOP', shelf, 500) or {}) do
  local task = string.match(entry, '^[^\t]*')
  redis.call('HDEL', key('tasks'), task)
  redis.call('HDEL', key('tries'), task)
end
for _, step in ipairs(redis.call('SPOP', fans, 500)) do
  redis.call('UNLINK', key('items', id .. ':' .. step), key('broken', id .. ':' .. step))
end
if redis.call('EXISTS', timers, shelf, fans) > 0 then
  return 'more'
end
redis.call('ZREM', key('runs', workflow .. ':' .. state), id)
for tag in string.gmatch(tags or '', '[^\t]+') do
  redis.call('ZREM', key('tagged', tag), id)
end
if name then
  redis.call('ZREM', key('named', name), id)
end
redis.call('ZREM', key('retained'), id)
redis.call('UNLINK', key('run', id), key('history', id), key('errors', id), key('signals', id), key('vars', id))
return 'removed'
