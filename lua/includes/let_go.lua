--- let_go: moves delayed tasks that are due (`due`, ids in the sorted set `delayed`) into their lanes. A task whose
--- record is gone was cancelled and is dropped.
--@seldom
--@include key
--@include record_lane
--@include push_groups
local function let_go(delayed, due, now)
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
