--- replace: debounces: gives the task `id`, while it has not started, another record, and puts its start off, but not
--- beyond the longest wait.
--@include key
--@include record_lane
local function replace(id, record, asked, now)
  if string.sub(asked.u, 1, 1) ~= 'b' then
    return
  end
  local old = redis.call('HGET', key('tasks'), id)
  local name = key('unique', string.sub(asked.u, 2))
  local limit = tonumber(string.match(redis.call('GET', name) or '', '\t(%d+)$'))
  if not old or not limit then
    return
  end
  local _, _, before = record_lane(old)
  local _, _, queue = record_lane(record)
  if redis.call('ZREM', key('delayed', before), id) == 1 then
    local due = string.format('%.0f', math.min(now + asked.w, limit))
    redis.call('HSET', key('tasks'), id, record)
    redis.call('ZADD', key('delayed', queue), due, id)
    redis.call('SADD', key('queues'), queue)
  end
end
