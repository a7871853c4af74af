--- promote: moves up to 200 delayed tasks of a queue that are due into their lanes, and ends up to 200 that have
--- expired before they started. A task whose record is gone was cancelled and is dropped.
--@include key
--@include record_lane
--@include push_groups
--@include withdraw
--@include drop
local function promote(queue, now, expires)
  local delayed, moment = key('delayed', queue), string.format('%.0f', now)
  local due = redis.call('ZRANGE', delayed, '-inf', moment, 'BYSCORE', 'LIMIT', 0, 200)
  if #due > 0 then
    local groups = {}
    for i, record in ipairs(redis.call('HMGET', key('tasks'), unpack(due))) do
      if record then
        local lane = record_lane(record)
        groups[lane] = groups[lane] or {}
        table.insert(groups[lane], due[i])
      end
    end
    redis.call('ZREM', delayed, unpack(due))
    push_groups(groups, now)
  end
  if not expires then
    return
  end
  local expiring = key('expiring', queue)
  local over = redis.call('ZRANGE', expiring, '-inf', moment, 'BYSCORE', 'LIMIT', 0, 200)
  if #over > 0 then
    for _, id in ipairs(over) do
      local record = redis.call('HGET', key('tasks'), id)
      if record and withdraw(id, record) then
        drop(id, record, 'expired', now, 'did not start in time')
      end
    end
    redis.call('ZREM', expiring, unpack(over))
  end
end
