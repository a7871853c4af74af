--- revive: gives dead letters, and tasks that wait for their next try, a new start now. A dead letter has all its
--- attempts again; its history stays.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] ids...: tasks, no more than 1,000
--- returns: array: for each id 'ready', or 'running', 'ready' included when it was in its lane already, 'unknown'
--@include key
--@include clock
--@include record_lane
--@include push_groups
--@include wake
local now = clock()
local reply, groups, queues = {}, {}, {}
for i, id in ipairs(ARGV) do
  local record = redis.call('HGET', key('tasks'), id)
  if not record then
    reply[i] = 'unknown'
  else
    local lane, _, queue = record_lane(record)
    local was_dead = redis.call('ZREM', key('dead', queue), id) == 1
    if was_dead or redis.call('ZREM', key('delayed', queue), id) == 1 then
      local tries = redis.call('HGET', key('tries'), id)
      if was_dead and tries then
        redis.call('HSET', key('tries'), id, '0\t0' .. string.match(tries, '^[^\n]*(.*)$'))
      end
      groups[lane] = groups[lane] or {}
      table.insert(groups[lane], id)
      queues[queue] = true
      reply[i] = 'ready'
    else
      reply[i] = 'ready'
      for _, worker in ipairs(redis.call('ZRANGE', key('workers'), 0, -1)) do
        if redis.call('HEXISTS', key('held', worker), id) == 1 then
          reply[i] = 'running'
        end
      end
    end
  end
end
push_groups(groups, now)
for queue in pairs(queues) do
  wake(queue)
end
return reply
