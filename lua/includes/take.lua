--- take: takes up to `room` ready task ids out of the lanes of one ring, tenants in turn by weight, as far as limits
--- let it (`gate`, nil where there are none). Lanes that are blocked are noted in `gate.parked` and leave. Returns a
--- list of {lane, ids}, and whether tasks may be left. Looks at no more tenants than it has room for. Lanes in line
--- whose tokens are due (`gate.due`) join behind those whose turn is next, as if they had just come to the front.
--@include key
--@include lane_parts
--@include shares
--@include look_wide
--@include pop_wide
--@include load_lanes
--@include allowance
--@include part_of
--@include charge
--@include rouse
--@include out_of_line
local function take(ring, room, now, gate)
  local turn = key('turn', ring)
  -- One more than fits into a claim of one: whether somebody else waits decides whether rounds are counted.
  local rows = redis.call('ZRANGE', turn, 0, math.max(room, 2) - 1, 'WITHSCORES')
  local taken, due = {}, gate and gate.due[ring]
  if #rows == 0 and not due then
    return taken, false
  end
  local tenants, rounds, lengths, weights, plain, lined = {}, {}, {}, {}, {}, {}
  local base, place = tonumber(rows[2] or 0), 1
  while rows[place] and #tenants < room and (not due or tonumber(rows[place + 1]) == base) do
    tenants[#tenants + 1], rounds[#tenants + 1] = rows[place], tonumber(rows[place + 1])
    place = place + 2
  end
  if due then
    local later = {}
    for i = 1, #due, 2 do
      if gate.line[due[i]] and #tenants < room then
        tenants[#tenants + 1], rounds[#tenants + 1] = due[i + 1], base
        plain[#tenants], lined[#tenants] = due[i], true
      elseif gate.line[due[i]] then
        later[#later + 1], later[#later + 2] = due[i], due[i + 1]
      end
    end
    gate.due[ring] = later
    while rows[place] and #tenants < room do
      tenants[#tenants + 1], rounds[#tenants + 1] = rows[place], tonumber(rows[place + 1])
      place = place + 2
    end
    if #tenants == 0 then
      return taken, false
    end
  end
  local are_all = not rows[place] and #rows / 2 < math.max(room, 2)
  local wide = redis.call('SMISMEMBER', key('wide', ring), unpack(tenants))
  local moved, gone, several, totals, leaving, off = {}, {}, {}, {}, {}, 0
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
      if wide[i] == 1 and lined[i] then
        -- Its other lanes have their turn already: it takes its place among them.
        out_of_line(gate, { plain[i] })
        rouse({ plain[i] }, now, gate.roused)
        gate.again[ring], totals[i], lengths[i] = true, 0, 0
      elseif wide[i] == 1 then
        several[i] = look_wide(ring, tenant, room)
        for _, lane in ipairs(several[i]) do
          lanes[#lanes + 1] = lane.name
        end
      else
        plain[i] = plain[i] or ring .. '\t' .. tenant
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
      elseif gate and totals[i] > 0 then
        lengths[i] = math.min(lengths[i], part_of(gate, plain[i]))
      end
    end
    share = shares(rounds, lengths, weights, room)
  end
  for i, tenant in ipairs(tenants) do
    local empty, served, room_of_lane = nil, share[i], nil
    if wide[i] == 1 and lined[i] then
      served = 0
    elseif several[i] then
      if share[i] > 0 or gate or lengths[i] == 0 then
        empty, served = pop_wide(ring, tenant, several[i], share[i], now, taken, gate)
      end
    else
      local lane, count = plain[i], share[i]
      if gate then
        room_of_lane = allowance(gate, lane)
        count = math.min(count, room_of_lane)
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
    -- Each task takes one from all its limits.
    local is_blocked = not empty and room_of_lane == served
    if is_blocked then
      gate.parked[#gate.parked + 1] = plain[i]
      gate.met = gate.met + (served > 0 and 0 or 1)
    end
    if lined[i] and not is_blocked and (empty or served > 0) then
      leaving[#leaving + 1] = plain[i]
    end
    if empty or is_blocked then
      if lined[i] then
        off = off + 1
      else
        gone[#gone + 1] = tenant
      end
    elseif served > 0 and not alone then
      -- What a limit did not let it have is no round.
      moved[#moved + 1] = string.format('%.17g', rounds[i] - (share[i] - served) / weights[i])
      moved[#moved + 1] = tenant
    elseif lined[i] and totals[i] > 0 then
      -- Not reached: it stands where it stood.
      off = off + 1
      local later = gate.due[ring]
      later[#later + 1], later[#later + 2] = plain[i], tenant
    end
  end
  if leaving[1] then
    out_of_line(gate, leaving)
  end
  if #moved > 0 then
    redis.call('ZADD', turn, unpack(moved))
  end
  if #gone > 0 then
    redis.call('ZREM', turn, unpack(gone))
  end
  local is_due = gate and gate.due[ring] and gate.due[ring][1]
  local left = #gone + off < #tenants or is_due or (not are_all and redis.call('EXISTS', turn) == 1)
  if not left then
    local _, _, _, queue, kind = lane_parts(ring .. '\t')
    if kind and not (gate and gate.parked[1]) and redis.call('EXISTS', key('parked', ring)) == 0 then
      redis.call('SREM', key('kinds', queue), kind)
    end
  end
  return taken, left
end
