--- remove_run: removes a run that has ended with all that belongs to it, in parts of bounded work: to be called again
--- as long as it says 'more'. Tasks of it that still wait in a lane are dropped when their turn comes.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] run: id
--- returns: 'removed', 'more', 'live' (it has not ended) or 'unknown'
--@include key
--@include run_facts
--@include disarm
local id = ARGV[1]
local text, name, workflow, tags = unpack(redis.call('HMGET', key('run', id), 'f', 'x', 'w', 't'))
if not text then
  return 'unknown'
end
local state = run_facts(text).state
if not string.find(state, '%u') then
  return 'live'
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
redis.call('UNLINK', key('run', id), key('history', id), key('signals', id))
return 'removed'
