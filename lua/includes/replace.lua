--- replace: debounces: gives the task `id`, which has not started, another record, and puts its start off, but not
--- beyond the longest wait. One that is in its lane already stays there, and has the new record if that belongs there.
--@seldom
--@include key
--@include record_lane
--@include dated
local function replace(id, record, asked, now, plan)
  if string.sub(asked.u, 1, 1) ~= 'b' then
    return
  end
  local old = redis.call('HGET', key('tasks'), id)
  local name = key('unique', string.sub(asked.u, 2))
  local holder, limit = string.match(redis.call('GET', name) or '', '^([^\t]*)\t.-(%d+)$')
  -- Another one holds the lock where this one is known by its idempotency key.
  if not old or holder ~= id then
    return
  end
  if asked.d then
    record = dated(record, now + asked.d)
  end
  local old_lane, old_kind, before = record_lane(old)
  local lane, kind, queue = record_lane(record)
  if redis.call('ZREM', key('delayed', before), id) == 1 then
    local due = string.format('%.0f', math.min(now + asked.w, tonumber(limit)))
    redis.call('ZADD', key('delayed', queue), due, id)
    redis.call('SADD', key('queues'), queue)
    if queue ~= before then
      plan.earlier[queue] = true
    end
  elseif old_lane ~= lane or old_kind ~= kind then
    return
  end
  redis.call('HSET', key('tasks'), id, record)
  redis.call('ZREM', key('expiring', before), id)
  if asked.x then
    redis.call('ZADD', key('expiring', queue), string.format('%.0f', now + asked.x), id)
    plan.earlier[queue] = true
  end
end
