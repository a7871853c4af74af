--- forget_worker: removes what is known of an incarnation that holds nothing any more.
--@include key
local function forget_worker(worker)
  local queues = redis.call('HGET', key('worker', worker), 'queues')
  for queue in string.gmatch(queues or '', '[^\n]+') do
    redis.call('SREM', key('idle', queue), worker)
  end
  redis.call('ZREM', key('workers'), worker)
  redis.call('DEL', key('worker', worker), key('wake', worker), key('held', worker))
end
