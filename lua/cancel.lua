--- cancel: ends a task that waits, or asks the worker that runs it to end it. It is not tried again in either case.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] id: task
--- ARGV[2] reason: for people and for the handler
--- returns: 'cancelled' (it waited), 'requested' (it runs), 'dead' (a dead letter: discard it), 'unknown'
--@include key
--@include clock
--@include record_lane
--@include drop
--@include leave
local id, reason = ARGV[1], ARGV[2]
local record = redis.call('HGET', key('tasks'), id)
if not record then
  return 'unknown'
end
local lane, kind, queue = record_lane(record)
if redis.call('ZSCORE', key('dead', queue), id) then
  return 'dead'
end
local now = clock()
if redis.call('ZREM', key('delayed', queue), id) == 0 then
  for _, worker in ipairs(redis.call('ZRANGE', key('workers'), 0, -1)) do
    if redis.call('HEXISTS', key('held', worker), id) == 1 then
      redis.call('HSET', key('cancels'), id, reason)
      redis.call('RPUSH', key('wake', worker), 'cancel ' .. id .. ' ' .. reason)
      return 'requested'
    end
  end
  -- Out of its lane if it is near either end; deeper down its id stays behind and is passed over when its turn comes.
  local aside = queue .. '|' .. kind .. string.match(lane, '^[^\t]*(.*)$')
  for _, name in ipairs({ lane, aside }) do
    local list = key('lane', name)
    if redis.call('LPOS', list, id, 'MAXLEN', 1000) then
      redis.call('LREM', list, 1, id)
      leave(name)
    elseif redis.call('LPOS', list, id, 'RANK', -1, 'MAXLEN', 1000) then
      redis.call('LREM', list, -1, id)
      leave(name)
    end
  end
end
drop(id, record, 'cancelled', now, reason)
return 'cancelled'
