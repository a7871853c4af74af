--- promote: moves up to 200 delayed tasks of a queue that are due into their lanes. A task whose record is gone was
--- cancelled and is dropped.
--@include key
--@include record_lane
--@include push_groups
local function promote(queue, now)
  local delayed = key('delayed', queue)
  local due = redis.call('ZRANGE', delayed, '-inf', string.format('%.0f', now), 'BYSCORE', 'LIMIT', 0, 200)
  if #due == 0 then
    return
  end
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
