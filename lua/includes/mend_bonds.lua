--- mend_bonds: what is written beside a task that is no more goes, and whoever waits for its end is told; a lock that
--- no task is bound to is free, and a live task gets back what it is bound to, unless another has it.
--@include key
--@include untie
local function mend_bonds(fault, part, item, detail, now, _, _, value)
  local aspect = string.match(fault, '^%l+')
  local function loosen(line)
    local rest = {}
    for other in string.gmatch(value, '[^\n]+') do
      rest[#rest + 1] = other ~= line and other or nil
    end
    if rest[1] then
      redis.call('HSET', key('bonds'), item, table.concat(rest, '\n'))
    else
      redis.call('HDEL', key('bonds'), item)
    end
  end
  if fault == 'tries.orphan' or fault == 'cancels.stale' or fault == 'progress.orphan' then
    redis.call('HDEL', key(aspect), item)
  elseif fault == 'bonds.orphan' then
    untie(item, value, 'discarded', now)
    redis.call('HDEL', key('bonds'), item)
  elseif fault == 'live.orphan' then
    redis.call('ZREM', key('live', part), item)
  elseif fault == 'log.orphan' then
    redis.call('UNLINK', key('log', part))
  elseif fault == 'unique.orphan' then
    redis.call('DEL', key('unique', part))
  elseif fault == 'bonds.lockless' then
    if not redis.call('SET', key('unique', string.sub(detail, 3)), item, 'NX') then
      loosen(detail)
    end
  elseif fault == 'bonds.outside' then
    local batch = string.sub(detail, 2)
    local known = redis.call('HMGET', key('batch', batch), 'keep', 'ended')
    if known[1] and not known[2] then
      redis.call('SADD', key('members', batch), item)
    else
      loosen(detail)
    end
  elseif fault == 'bonds.uncounted' then
    redis.call('ZADD', key('live', string.sub(detail, 2)), string.format('%.0f', now), item)
  else
    return nil
  end
  return 'mended'
end
