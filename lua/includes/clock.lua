--- clock: Redis's time in ms, never going back by more than 16 ms (the grain at which it is remembered; a write per
--- call would cost more than the rest of a small script). `offset` is the test kit's seam for stepping time.
--- Also returns the moment since which workers were heard without a silence of `silence` ms: a server that was stopped
--- or blocked must not take over the leases which expired only because it could not hear the heartbeats. Calls that
--- give no `silence` are not of workers and break none.
--@include key
local function clock(silence)
  local time = redis.call('TIME')
  local known = redis.call('HMGET', key('clock'), 'last', 'offset', 'awake', 'heard')
  local now = time[1] * 1000 + math.floor(time[2] / 1000) + (tonumber(known[2]) or 0)
  local last, awake, heard = tonumber(known[1]) or 0, tonumber(known[3]) or 0, tonumber(known[4]) or 0
  now = math.max(now, last)
  if silence and now - heard >= 16 then
    if now - heard > silence then
      awake = now
    end
    local moment = string.format('%.0f', now)
    redis.call('HSET', key('clock'), 'last', moment, 'heard', moment, 'awake', string.format('%.0f', awake))
  elseif now - last >= 16 then
    redis.call('HSET', key('clock'), 'last', string.format('%.0f', now))
  end
  return now, awake
end
