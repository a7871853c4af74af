--- take: takes up to `room` ready task ids out of the lanes of one ring, tenants in turn by weight. Returns a list of
--- {lane, ids}, and whether tasks may be left. Looks at no more tenants than it has room for.
--@include key
--@include lane_parts
--@include shares
--@include pop_wide
local function take(ring, room, now)
  local turn = key('turn', ring)
  -- One more than fits into a claim of one: whether somebody else waits decides whether rounds are counted.
  local rows = redis.call('ZRANGE', turn, 0, math.max(room, 2) - 1, 'WITHSCORES')
  local taken = {}
  if #rows == 0 then
    return taken, false
  end
  local tenants, rounds, lengths, weights = {}, {}, {}, {}
  for i = 1, math.min(#rows / 2, room) do
    tenants[i], rounds[i] = rows[2 * i - 1], tonumber(rows[2 * i])
  end
  local are_all = #rows / 2 < math.max(room, 2)
  local wide = redis.call('SMISMEMBER', key('wide', ring), unpack(tenants))
  local moved, gone = {}, {}
  local share
  local alone = are_all and #tenants == 1 and wide[1] == 0
  if alone then
    -- No turns to keep, and the lane says itself whether it is empty.
    lengths[1], share = room, { room }
  else
    local _, _, _, queue = lane_parts(ring .. '\t')
    local weight = redis.call('HMGET', key('weights', queue), unpack(tenants))
    for i, tenant in ipairs(tenants) do
      weights[i] = tonumber(weight[i]) or 1
      if wide[i] == 1 then
        lengths[i] = 0
        for _, lane in ipairs(redis.call('ZRANGE', key('lanes', ring .. '\t' .. tenant), 0, 15)) do
          lengths[i] = lengths[i] + redis.call('LLEN', key('lane', lane))
        end
      else
        lengths[i] = redis.call('LLEN', key('lane', ring .. '\t' .. tenant))
      end
    end
    share = shares(rounds, lengths, weights, room)
  end
  for i, tenant in ipairs(tenants) do
    local empty = lengths[i] == share[i]
    if share[i] > 0 then
      if wide[i] == 1 then
        empty = pop_wide(ring, tenant, share[i], now, taken)
      else
        local lane = ring .. '\t' .. tenant
        local list = key('lane', lane)
        local ids = redis.call('LPOP', list, share[i])
        table.insert(taken, { lane, ids })
        if alone then
          empty = #ids < room or redis.call('EXISTS', list) == 0
        end
      end
    end
    if empty then
      gone[#gone + 1] = tenant
    elseif share[i] > 0 and not alone then
      moved[#moved + 1] = string.format('%.17g', rounds[i])
      moved[#moved + 1] = tenant
    end
  end
  if #moved > 0 then
    redis.call('ZADD', turn, unpack(moved))
  end
  local left = true
  if #gone > 0 then
    redis.call('ZREM', turn, unpack(gone))
    left = #gone < #tenants or (not are_all and redis.call('EXISTS', turn) == 1)
    if not left then
      local _, _, _, queue, kind = lane_parts(ring .. '\t')
      if kind then
        redis.call('SREM', key('kinds', queue), kind)
      end
    end
  end
  return taken, left
end
