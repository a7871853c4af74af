--- retire: an incarnation leaves. What it still holds goes back to the head of its lanes, uncounted. One that is being
--- taken over has nothing to say any more: what is left of it belongs to the takeover.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] worker: incarnation
--- returns: number of tasks handed back
--@include key
--@include clock
--@include reconcile
--@include forget_worker
--@include wake_rings
--@include free
--@include gate_at
local worker = ARGV[1]
local now, _, us = clock()
local queues = redis.call('HGET', key('worker', worker), 'queues') or ''
local expiry = redis.call('ZSCORE', key('workers'), worker)
if expiry and tonumber(expiry) < 0 then
  return 0
end
local freed, roused = {}, {}
local back = expiry and reconcile(worker, {}, true, now, freed, roused) or 0
free(freed, gate_at(now, us, roused), roused)
forget_worker(worker)
-- What came back, and what this worker alone may have known to come due, is for others to look at.
for queue in string.gmatch(queues, '[^\n]+') do
  roused[queue] = true
end
wake_rings(roused)
return back
