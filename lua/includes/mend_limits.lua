--- mend_limits: a slot without a lease is free, a lease without its slot has it; a lane that is parked wrongly leaves
--- the lines and takes a turn: if a limit blocks it, the next claim parks it as it should be.
--@include key
--@include leave_lines
--@include leave
--@include rouse
local function mend_limits(fault, part, item, detail, now, freed, roused, value)
  if fault == 'holders.leaked' then
    freed[part] = { item }
  elseif fault == 'held.uncounted' then
    redis.call('SADD', key('holders', detail), item)
  elseif fault == 'parked.empty' then
    leave(item)
  elseif fault == 'parked.unlined' or fault == 'parked.unwoken' then
    leave_lines({ value, item })
    -- Also where the line is noted as having one lane.
    redis.call('ZREM', key('waiting', value), item)
    rouse({ item }, now, roused)
  elseif fault == 'lines.empty' or fault == 'lines.orphan' then
    redis.call('HDEL', key('lines'), item)
  elseif fault == 'waiting.orphan' then
    redis.call('ZREM', key('waiting', part), item)
    if redis.call('EXISTS', key('waiting', part)) == 0 and redis.call('HGET', key('lines'), part) == '' then
      redis.call('HDEL', key('lines'), part)
    end
  elseif fault == 'waiting.unnoted' then
    local line = redis.call('HGET', key('lines'), part)
    if line then
      local moment, lane = string.match(line, '^([^\t]*)\t(.*)$')
      redis.call('ZADD', key('waiting', part), 'NX', moment or 0, lane or item)
    end
    redis.call('HSET', key('lines'), part, '')
  else
    return nil
  end
  return 'mended'
end
