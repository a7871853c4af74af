--- check_due: what has been due for a minute has a worker that could look at it.
--@include key
--@include is_attended
local function check_due(tell, aspect, part, _, _, now)
  if aspect == 'queue' then
    local first = redis.call('ZRANGE', key('delayed', part), 0, 0, 'WITHSCORES')
    if first[2] and tonumber(first[2]) < now - 60000 and redis.call('HEXISTS', key('paused'), 'queue:' .. part) == 0
        and not is_attended(part, now) then
      tell('queue.unattended', string.format('%.0f', first[2]))
    end
  else
    -- Its entries are named by Redis's own clock.
    local time = now - (tonumber(redis.call('HGET', key('clock'), 'offset')) or 0)
    local first = redis.call('XRANGE', key('inbox'), '-', '+', 'COUNT', 1)[1]
    local since = first and tonumber(string.match(first[1], '^%d+'))
    if since and since < time - 60000 and not is_attended(nil, now) then
      tell('inbox.unattended', first[1])
    end
  end
end
