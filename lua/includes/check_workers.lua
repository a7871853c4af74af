--- check_workers: nothing is known of workers that are gone, and none is dead for long. A lease that is over counts
--- when it has been so for 15 s, and the server was not silent meanwhile.
--@include key
--@include lease_parts
local function check_workers(tell, aspect, part, item, value, now)
  if aspect == 'workers' then
    local awake = tonumber(redis.call('HGET', key('clock'), 'awake')) or 0
    value = tonumber(value)
    if value < 0 or (value < now - 15000 and awake < now - 15000) then
      tell('workers.dead', string.format('%d %.0f', redis.call('HLEN', key('held', item)), value))
    elseif redis.call('EXISTS', key('worker', item)) == 0 then
      tell('workers.nameless')
    end
  elseif aspect == 'worker' then
    if not redis.call('ZSCORE', key('workers'), part) then
      tell('worker.leftover')
    end
  elseif aspect == 'wake' then
    if redis.call('PTTL', key('wake', part)) == -1 and not redis.call('ZSCORE', key('workers'), part) then
      tell('wake.leftover')
    end
  elseif aspect == 'idle' then
    if not redis.call('ZSCORE', key('workers'), item) then
      tell('idle.gone')
    end
  elseif not redis.call('ZSCORE', key('workers'), part) then
    tell('held.gone')
  elseif redis.call('HEXISTS', key('tasks'), item) == 0 then
    tell('held.orphan')
  else
    local _, _, names = lease_parts(value)
    for name in string.gmatch(names or '', '[^\n]+') do
      if redis.call('SISMEMBER', key('holders', name), item) == 0 then
        tell('held.uncounted', name)
      end
    end
  end
end
