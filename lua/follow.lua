--- follow: asks for a hint when a task ends, unless it has ended already: one look and one note, so no end is missed.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] id: task
--- ARGV[2] waiter: whose list the hint `ended ID STATE` goes to
--- returns: flat array: 'waiting', 'dead', 'unknown', or the state in which it ended and the retained result
--@include key
--@include record_lane
local id, line = ARGV[1], 'w' .. ARGV[2]
local record = redis.call('HGET', key('tasks'), id)
if not record then
  local state, bytes = string.match(redis.call('GET', key('result', id)) or '', '^([^\t]*)\t[^\n]*\n(.*)$')
  return state and { state, bytes } or { redis.call('HEXISTS', key('awaits'), id) == 1 and 'waiting' or 'unknown' }
end
local _, _, queue = record_lane(record)
if redis.call('ZSCORE', key('dead', queue), id) then
  return { 'dead' }
end
local bonds = redis.call('HGET', key('bonds'), id)
if not bonds then
  redis.call('HSET', key('bonds'), id, line)
elseif not string.find('\n' .. bonds .. '\n', '\n' .. line .. '\n', 1, true) then
  redis.call('HSET', key('bonds'), id, bonds .. '\n' .. line)
end
return { 'waiting' }
