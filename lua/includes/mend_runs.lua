--- mend_runs: lists follow the runs; what is left of a run that is no more goes, and so do locks on its foreign id.
--@include key
--@include push_groups
--@include places_of
--@include erase_rest
local function mend_runs(fault, part, item, detail, now, _, roused, value)
  local aspect = string.match(fault, '^%l+')
  if fault == 'run.unindexed' then
    redis.call('ZADD', key(detail), redis.call('HGET', key('run', part), 'a'), part)
  elseif fault == 'run.unretained' then
    local kept = tonumber(redis.call('HGET', key('run', part), 'r')) or 0
    redis.call('ZADD', key('retained'), string.format('%.0f', now + kept), part)
  elseif fault == 'run.nameless' then
    if redis.call('HSETNX', key('foreign'), detail, part) == 0 then
      return 'left'
    end
  elseif fault == 'run.fans' then
    redis.call('DEL', key('fans', part))
    for _, field in ipairs(redis.call('HKEYS', key('run', part))) do
      if string.sub(field, 1, 2) == 'n:' then
        redis.call('SADD', key('fans', part), string.sub(field, 3))
      end
    end
  elseif fault == 'run.remains' then
    erase_rest(part)
  elseif string.find('runs tagged named retained', aspect, 1, true) and fault == aspect .. '.stale' then
    redis.call('ZREM', key(aspect, part ~= '' and part or nil), item)
  elseif fault == 'foreign.stale' then
    redis.call('HDEL', key('foreign'), item)
  elseif fault == 'part.orphan' and string.sub(part, 1, 6) == 'shelf:' then
    local groups, entries, asked = {}, redis.call('LPOP', key(part), 50) or {}, {}
    for _, entry in ipairs(entries) do
      asked[#asked + 1], asked[#asked + 2] = string.match(entry, '^[^\t]*'), ''
    end
    for i, places in ipairs((places_of(asked, 500))) do
      local id, lane = string.match(entries[i], '^([^\t]*)\t(.*)$')
      local is_elsewhere = places[1] == 'in' or places[3] == 'in'
      if id and not is_elsewhere and redis.call('HEXISTS', key('tasks'), id) == 1 then
        groups[lane] = groups[lane] or {}
        table.insert(groups[lane], id)
        roused[string.match(lane, '^[^\t|]*')] = true
      end
    end
    push_groups(groups, now)
    return redis.call('EXISTS', key(part)) == 1 and 'more' or 'mended'
  elseif aspect == 'part' then
    redis.call('UNLINK', key(part))
  elseif fault == 'timers.orphan' then
    redis.call('HDEL', key('timers', part), item)
  elseif fault == 'items.unlisted' then
    if string.sub(value, 1, 1) == '-' then
      redis.call('ZADD', key('broken', part), item, item)
    else
      redis.call('ZREM', key('broken', part), item)
    end
  elseif fault == 'broken.orphan' then
    redis.call('ZREM', key('broken', part), item)
  elseif fault == 'again.orphan' then
    redis.call('SREM', key('again', part), item)
  else
    return nil
  end
  return 'mended'
end
