--- untie: what else the start or the end of a task means. Its bonds are lines in the hash `bonds`:
---   u<mode><key>   holds a unique key: until it starts (mode s), ends (e), or ends or dies (d)
---   b<batch>       is a member of a batch
---   w<waiter>      a client waits for its end
---   c<target>      counts under a length cap
---   n              has progress or log lines
---   o<schedule>    a tick has started it, and others look whether it goes on
--- `event` is `start`, `dead`, or the state in which it ended; a bond that is not over stays.
--@seldom
--@include key
--@include leave_batch
--@include leave_schedule
local function untie(id, text, event, now, retain)
  local rest, is_changed = {}, false
  for line in string.gmatch(text, '[^\n]+') do
    local bond, value, stays = string.sub(line, 1, 1), string.sub(line, 2), event == 'start'
    if bond == 'u' then
      local mode, unique = string.sub(value, 1, 1), key('unique', string.sub(value, 2))
      stays = (event == 'start' and mode ~= 's') or (event == 'dead' and mode == 'e')
      if not stays and string.match(redis.call('GET', unique) or '', '^[^\t]*') == id then
        redis.call('DEL', unique)
      end
    elseif stays then
      -- Only the end of a task matters to the others.
      stays = true
    elseif bond == 'b' then
      leave_batch(value, id, event == 'completed', now)
    elseif bond == 'w' then
      redis.call('RPUSH', key('wake', value), 'ended ' .. id .. ' ' .. event)
      redis.call('PEXPIRE', key('wake', value), 60000)
    elseif bond == 'o' then
      leave_schedule(value, id, now)
    elseif bond == 'c' then
      redis.call('ZREM', key('live', value), id)
    elseif bond == 'n' then
      stays = event == 'dead'
      if not stays then
        redis.call('HDEL', key('progress'), id)
        if retain then
          redis.call('PEXPIRE', key('log', id), string.format('%.0f', retain))
        else
          redis.call('DEL', key('log', id))
        end
      end
    end
    if stays then
      rest[#rest + 1] = line
    else
      is_changed = true
    end
  end
  if is_changed and #rest > 0 then
    redis.call('HSET', key('bonds'), id, table.concat(rest, '\n'))
  elseif is_changed then
    redis.call('HDEL', key('bonds'), id)
  end
end
