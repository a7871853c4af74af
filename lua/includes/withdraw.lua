--- withdraw: takes a waiting task out of the place where it waits; returns false if a worker holds it. In a lane it
--- is looked for near both ends; deeper down its id stays behind and is passed over when its turn comes.
--@seldom
--@include key
--@include lanes_of
--@include leave
local function withdraw(id, record)
  local lanes, queue = lanes_of(record)
  if redis.call('ZREM', key('delayed', queue), id) == 1 then
    return true
  end
  for _, worker in ipairs(redis.call('ZRANGE', key('workers'), 0, -1)) do
    if redis.call('HEXISTS', key('held', worker), id) == 1 then
      return false, worker
    end
  end
  for _, name in ipairs(lanes) do
    local list = key('lane', name)
    if redis.call('LPOS', list, id, 'MAXLEN', 1000) then
      redis.call('LREM', list, 1, id)
      leave(name)
    elseif redis.call('LPOS', list, id, 'RANK', -1, 'MAXLEN', 1000) then
      -- A thousand others are before it.
      redis.call('LREM', list, -1, id)
    end
  end
  return true
end
