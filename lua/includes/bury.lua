--- bury: a task that has used up its attempts goes to the dead letters of its queue.
--@seldom
--@include key
--@include total
--@include untie
local function bury(id, queue, now)
  redis.call('ZADD', key('dead', queue), string.format('%.0f', now), id)
  redis.call('SADD', key('queues'), queue)
  total(queue, 'dead', 1)
  local bonds = redis.call('HGET', key('bonds'), id)
  if bonds then
    untie(id, bonds, 'dead', now)
  end
end
