--- pause: no task of a queue, or of a kind, is claimed from now on. What runs goes on.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] target: `queue:NAME` or `kind:NAME`
--- ARGV[2] by: who asks, for people
--- returns: '1' if it was not paused before, else '0'
--@include key
--@include clock
local now = clock()
local new = redis.call('HSETNX', key('paused'), ARGV[1], ARGV[2] .. '\t' .. string.format('%.0f', now))
local queue = string.match(ARGV[1], '^queue:(.*)$')
if queue then
  redis.call('SADD', key('queues'), queue)
end
return tostring(new)
