--- note: progress and log lines of a running task, if its worker still holds it.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] worker: incarnation
--- ARGV[2] id: task
--- ARGV[3] claim: of the attempt
--- ARGV[4] progress: replaces the last one; '' leaves it
--- ARGV[5] most: log lines that are kept, the newest
--- ARGV[6] lines...: log lines, no more than 1,000
--- returns: '1', or '0' when the lease is lost and nothing was noted
--@include key
--@include number
local id, most = ARGV[2], number(5, 'most')
local lease = redis.call('HGET', key('held', ARGV[1]), id)
if not lease or string.sub(lease, 1, #ARGV[3] + 1) ~= ARGV[3] .. '\t' then
  return '0'
end
local bonds = redis.call('HGET', key('bonds'), id)
if not bonds then
  redis.call('HSET', key('bonds'), id, 'n')
elseif not string.find('\n' .. bonds .. '\n', '\nn\n', 1, true) then
  redis.call('HSET', key('bonds'), id, bonds .. '\nn')
end
if ARGV[4] ~= '' then
  redis.call('HSET', key('progress'), id, ARGV[4])
end
if ARGV[6] then
  redis.call('RPUSH', key('log', id), unpack(ARGV, 6))
  redis.call('LTRIM', key('log', id), -most, -1)
end
return '1'
