--- register: makes an incarnation known and gives it a lease.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] worker: incarnation
--- ARGV[2] lease: ms
--- ARGV[3] facts...: field, value ...: `queues` (one a line), `any` or `kind:NAME` for what it takes, and what people
---   want to know (host, pid, concurrency, version)
--- returns: now (ms)
--@include key
--@include number
--@include clock
local lease = number(2, 'lease')
local now = clock(lease / 2)
redis.call('HSET', key('worker', ARGV[1]), 'since', string.format('%.0f', now), unpack(ARGV, 3))
redis.call('ZADD', key('workers'), string.format('%.0f', now + lease), ARGV[1])
return string.format('%.0f', now)
