--- seal_batch: nobody but its own members adds to a batch any more; it ends with its last member, or now if it has
--- none.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] batch: its id
--- returns: 'sealed', 'ended' (now or before), 'unknown'
--@include key
--@include clock
--@include end_batch
--@include leave_batch
local batch = ARGV[1]
local now = clock()
local known = redis.call('HMGET', key('batch', batch), 'keep', 'ended')
if not known[1] then
  return 'unknown'
end
redis.call('HDEL', key('batch', batch), 'open')
local parent, ok = end_batch(batch, now)
if parent then
  leave_batch(parent, batch, ok, now)
end
return redis.call('HEXISTS', key('batch', batch), 'ended') == 1 and 'ended' or 'sealed'
