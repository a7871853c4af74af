--- clock: Redis's time in ms, never going back by more than 16 ms (the grain at which it is remembered; a write per
--- call would cost more than the rest of a small script). `offset` is the test kit's seam for stepping time. Also
--- returns the end of the last silence that was longer than `silence` ms, or 0: a server that was stopped or blocked
--- must not take over the leases which expired only because it could not hear the heartbeats. Whoever is heard first
--- after a silence notes it (its length `gap`, its end `awake`), heartbeat or not. A shorter one does not replace it
--- for as long as it matters to leases (for ten minutes, where that is less). Last, the time in us, for rates.
--@include key
local function clock(silence)
  local time = redis.call('TIME')
  local known = redis.call('HMGET', key('clock'), 'last', 'offset', 'gap', 'awake')
  local offset = tonumber(known[2]) or 0
  local now = time[1] * 1000 + math.floor(time[2] / 1000) + offset
  local us = time[1] * 1000000 + time[2] + offset * 1000
  local last, gap, awake = tonumber(known[1]) or now, tonumber(known[3]) or 0, tonumber(known[4]) or 0
  if now < last then
    now, us = last, last * 1000
  elseif now - last >= 16 or not known[1] then
    local passed = now - last
    if passed >= 100 and (passed >= gap or now - awake > math.min(gap, 600000)) then
      gap, awake = passed, now
      redis.call('HSET', key('clock'), 'last', string.format('%.0f', now), 'gap', gap, 'awake',
        string.format('%.0f', now))
    else
      redis.call('HSET', key('clock'), 'last', string.format('%.0f', now))
    end
  end
  return now, silence and gap > silence and awake or 0, us
end
