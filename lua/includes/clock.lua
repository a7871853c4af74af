--- clock: Redis's time in ms, never going back by more than 16 ms (the grain at which it is remembered; a write per
--- call would cost more than the rest of a small script). `offset` is the test kit's seam for stepping time.
--- Also returns the moment since which Redis has answered without a silence of `silence` ms: a server that was stopped
--- or blocked must not take over the leases which expired only because it could not hear the heartbeats.
--@include key
local function clock(silence)
  local time = redis.call('TIME')
  local known = redis.call('HMGET', key('clock'), 'last', 'offset', 'awake')
  local now = time[1] * 1000 + math.floor(time[2] / 1000) + (tonumber(known[2]) or 0)
  local last = tonumber(known[1]) or 0
  local awake = tonumber(known[3]) or 0
  if now < last then
    now = last
  elseif now - last >= 16 then
    redis.call('HSET', key('clock'), 'last', string.format('%.0f', now))
    if silence and now - last > silence then
      awake = now
      redis.call('HSET', key('clock'), 'awake', string.format('%.0f', now))
    end
  end
  return now, awake
end
