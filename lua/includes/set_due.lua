--- set_due: when a schedule is looked at next: a moment, or nil for never. If that is before what workers know of, one
--- of them is told. A hint: when it is lost, a worker's own poll finds out.
--@include key
local function set_due(name, moment)
  local ticks = key('ticks')
  if not moment then
    redis.call('ZREM', ticks, name)
    return
  end
  local first = redis.call('ZRANGE', ticks, 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', ticks, string.format('%.0f', moment), name)
  if not first or moment < tonumber(first) then
    local worker = redis.call('ZRANGE', key('workers'), 0, 0, 'REV')[1]
    if worker then
      redis.call('RPUSH', key('wake', worker), 'work')
    end
  end
end
