--- enter: gives turns to the tenants of lanes that were empty until now. A newcomer enters one round behind the
--- tenant whose turn is next, so that leaving and coming back gains nothing; at the `front` is who was made to leave
--- by a limit. entering: ring -> list of lanes, as filled by `push`.
--@include key
--@include lane_parts
--@include widen
local function enter(entering, now, front)
  for ring, lanes in pairs(entering) do
    local turn = key('turn', ring)
    local first = redis.call('ZRANGE', turn, 0, 0, 'WITHSCORES')
    local round = '0'
    if first[2] then
      round = front and first[2] or string.format('%.17g', first[2] + 1)
    end
    local queue, kind
    for from = 1, #lanes, 1000 do
      local pairs_of, tenants, priorities = {}, {}, {}
      for i = from, math.min(from + 999, #lanes) do
        local tenant, priority
        ring, tenant, priority, queue, kind = lane_parts(lanes[i])
        local at = #tenants + 1
        pairs_of[2 * at - 1], pairs_of[2 * at] = round, tenant
        tenants[at], priorities[at] = tenant, priority or false
      end
      redis.call('ZADD', turn, 'NX', unpack(pairs_of))
      local wide = redis.call('SMISMEMBER', key('wide', ring), unpack(tenants))
      for i, tenant in ipairs(tenants) do
        local lane = lanes[from + i - 1]
        if wide[i] == 1 or #lane > #ring + 1 + #tenant then
          widen(ring, tenant, lane, priorities[i], now)
        end
      end
    end
    redis.call('SADD', key('queues'), queue)
    if kind then
      redis.call('SADD', key('kinds', queue), kind)
    end
  end
end
