--- widen: notes a lane of a tenant that has, or now gets, more than its one plain lane. Lanes of a tenant are served
--- by age of their head, one level of priority counting as a minute of waiting: that is the bound of ageing.
--@seldom
--@include key
local function widen(ring, tenant, lane, priority, now)
  local plain = ring .. '\t' .. tenant
  local lanes = key('lanes', plain)
  if redis.call('SADD', key('wide', ring), tenant) == 1 then
    if plain ~= lane and redis.call('EXISTS', key('lane', plain)) == 1
        and redis.call('HEXISTS', key('parked', ring), plain) == 0 then
      redis.call('ZADD', lanes, 'NX', string.format('%.0f', now), plain)
    end
  end
  redis.call('ZADD', lanes, 'NX', string.format('%.0f', now - (priority or 0) * 60000), lane)
end
