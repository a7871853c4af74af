--- retire: an incarnation leaves. What it still holds goes back to the head of its lanes, uncounted.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] worker: incarnation
--- returns: number of tasks handed back
--@include key
--@include clock
--@include reconcile
--@include forget_worker
--@include lane_parts
--@include wake
local worker = ARGV[1]
local now = clock()
local queues = redis.call('HGET', key('worker', worker), 'queues') or ''
local back = 0
if (tonumber(redis.call('ZSCORE', key('workers'), worker) or -1)) >= 0 then
  back = reconcile(worker, {}, true, now)
end
forget_worker(worker)
if back > 0 then
  for queue in string.gmatch(queues, '[^\n]+') do
    wake(queue)
  end
end
return back
