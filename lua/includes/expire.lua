--- expire: ends those of the tasks `over`, ids in the sorted set `expiring`, that have not started.
--@seldom
--@include key
--@include withdraw
--@include drop
local function expire(expiring, over, now)
  for _, id in ipairs(over) do
    local record = redis.call('HGET', key('tasks'), id)
    if record and withdraw(id, record) then
      drop(id, record, 'expired', now, 'did not start in time')
    end
  end
  redis.call('ZREM', expiring, unpack(over))
end
