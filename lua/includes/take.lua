--- take: takes up to `room` ready task ids out of the lanes of one ring, tenants in turn by weight, as far as limits
--- let it (`gate`, nil where there are none). Lanes that are blocked are noted in `gate.parked` and leave. Returns a
--- list of {lane, ids}, and whether tasks may be left. Looks at no more tenants than it has room for.
--@include key
--@include lane_parts
--@include shares
--@include look_wide
--@include pop_wide
--@include load_lanes
--@include allowance
--@include part_of
--@include charge
local function take(ring, room, now, gate)
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
  local moved, gone, several, totals, plain = {}, {}, {}, {}, {}
  local share
  local alone = are_all and #tenants == 1 and wide[1] == 0 and not gate
  if alone then
    -- No turns to keep, and the lane says itself whether it is empty.
    share, plain[1] = { room }, ring .. '\t' .. tenants[1]
  else
    local _, _, _, queue = lane_parts(ring .. '\t')
    local weight = redis.call('HMGET', key('weights', queue), unpack(tenants))
    local lanes = {}
    for i, tenant in ipairs(tenants) do
      weights[i] = tonumber(weight[i]) or 1
      if wide[i] == 1 then
        several[i] = look_wide(ring, tenant, room)
        for _, lane in ipairs(several[i]) do
          lanes[#lanes + 1] = lane.name
        end
      else
        plain[i] = ring .. '\t' .. tenant
        lanes[#lanes + 1] = plain[i]
        totals[i] = redis.call('LLEN', key('lane', plain[i]))
        lengths[i] = totals[i]
      end
    end
    if gate then
      load_lanes(gate, lanes)
    end
    for i = 1, #tenants do
      if several[i] then
        lengths[i] = 0
        for _, lane in ipairs(several[i]) do
          lane.room = gate and math.min(lane.length, part_of(gate, lane.name)) or lane.length
          lengths[i] = lengths[i] + lane.room
        end
      elseif gate then
        lengths[i] = math.min(lengths[i], part_of(gate, plain[i]))
      end
    end
    share = shares(rounds, lengths, weights, room)
  end
  for i, tenant in ipairs(tenants) do
    local empty, served = nil, share[i]
    if several[i] then
      if share[i] > 0 or gate or lengths[i] == 0 then
        empty, served = pop_wide(ring, tenant, several[i], share[i], now, taken, gate)
      end
    else
      local lane, count = plain[i], share[i]
      if gate then
        count = math.min(count, allowance(gate, lane))
        served = count
      end
      if count > 0 then
        local list = key('lane', lane)
        local ids = redis.call('LPOP', list, count)
        taken[#taken + 1] = { lane, ids }
        if alone then
          empty = #ids < room or redis.call('EXISTS', list) == 0
        elseif gate then
          charge(gate, lane, #ids)
        end
      end
      if not alone then
        totals[i] = totals[i] - count
        empty = totals[i] == 0
      end
    end
    if empty then
      gone[#gone + 1] = tenant
    elseif gate and not several[i] and allowance(gate, plain[i]) == 0 then
      gate.parked[#gate.parked + 1] = plain[i]
      gate.met = gate.met + (served > 0 and 0 or 1)
      gone[#gone + 1] = tenant
    elseif served > 0 and not alone then
      -- What a limit did not let it have is no round.
      moved[#moved + 1] = string.format('%.17g', rounds[i] - (share[i] - served) / weights[i])
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
      if kind and not (gate and gate.parked[1]) and redis.call('EXISTS', key('parked', ring)) == 0 then
        redis.call('SREM', key('kinds', queue), kind)
      end
    end
  end
  return taken, left
end
