--- resume: ends a pause and wakes a worker for what has waited.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] target: `queue:NAME` or `kind:NAME`
--- returns: '1' if it was paused, else '0'
--@include key
--@include wake
local was = redis.call('HDEL', key('paused'), ARGV[1])
local queue = string.match(ARGV[1], '^queue:(.*)$')
local kind = string.match(ARGV[1], '^kind:(.*)$')
if queue then
  wake(queue)
  for _, name in ipairs(redis.call('SMEMBERS', key('kinds', queue))) do
    wake(queue, name)
  end
else
  for _, name in ipairs(redis.call('SMEMBERS', key('queues'))) do
    if redis.call('SISMEMBER', key('kinds', name), kind) == 1 then
      wake(name, kind)
    end
  end
end
return tostring(was)
