--- take_turns: `take` where several tenants are in turn (`rows`: tenant, rounds, ...), or one with several lanes, or
--- where there are limits. Lanes that are blocked are noted in `gate.parked` and leave. Looks at no more tenants than
--- it has room for, and does not ask how much they have: who gives less than its share is empty, and what is left of
--- the room is for the next call. Lanes in line whose tokens are due (`gate.due`) join behind those whose turn is next,
--- as if they had just come to the front.
--@seldom
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
--@include leave_kind
local function take_turns(ring, room, now, gate, rows)
  local turn, taken, due = key('turn', ring), {}, gate and gate.due[ring]
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
  local _, _, _, queue = lane_parts(ring .. '\t')
  -- Mostly there are neither: then nobody is asked about each of them.
  local function of_each(command, name)
    return redis.call('EXISTS', name) == 1 and redis.call(command, name, unpack(tenants)) or {}
  end
  local wide, weight = of_each('SMISMEMBER', key('wide', ring)), of_each('HMGET', key('weights', queue))
  local moved, gone, several, leaving, off = {}, {}, {}, {}, 0
  local lanes = {}
  for i, tenant in ipairs(tenants) do
    weights[i] = tonumber(weight[i] or 1)
    if wide[i] == 1 and lined[i] then
      -- Its other lanes have their turn already: it takes its place among them.
      out_of_line(gate, { plain[i] })
      rouse({ plain[i] }, now, gate.roused)
      gate.again[ring], lengths[i] = true, 0
    elseif wide[i] == 1 then
      several[i] = look_wide(ring, tenant, room)
      for _, lane in ipairs(several[i]) do
        lanes[#lanes + 1] = lane.name
      end
    else
      plain[i] = plain[i] or ring .. '\t' .. tenant
      lanes[#lanes + 1], lengths[i] = plain[i], room
    end
  end
  if gate then
    load_lanes(gate, lanes, ring, queue)
  end
  for i = 1, #tenants do
    if several[i] then
      lengths[i] = 0
      for _, lane in ipairs(several[i]) do
        lane.room = gate and math.min(lane.length, part_of(gate, lane.name)) or lane.length
        lengths[i] = lengths[i] + lane.room
      end
    elseif gate and lengths[i] > 0 then
      lengths[i] = math.min(room, part_of(gate, plain[i]))
    end
  end
  local share = shares(rounds, lengths, weights, room)

  local served, allowed, empty, unsure = {}, {}, {}, {}
  for i, tenant in ipairs(tenants) do
    served[i] = 0
    if several[i] then
      if share[i] > 0 or gate or lengths[i] == 0 then
        empty[i], served[i] = pop_wide(ring, tenant, several[i], share[i], now, taken, gate)
      end
    elseif wide[i] ~= 1 then
      local lane, count = plain[i], share[i]
      if gate then
        allowed[i] = allowance(gate, lane)
        count = math.min(count, allowed[i])
      end
      local ids = count > 0 and redis.call('LPOP', key('lane', lane), count)
      if ids then
        taken[#taken + 1], served[i] = { lane, ids }, #ids
        if gate then
          charge(gate, lane, #ids)
        end
      end
      if served[i] < count then
        empty[i] = true
      elseif count > 0 then
        unsure[#unsure + 1] = key('lane', lane)
      end
    end
  end
  -- Who has given all that it was asked for has mostly more: so they are asked together first.
  local there = #unsure > 0 and redis.call('EXISTS', unpack(unsure)) or 0
  if there < #unsure then
    for i = 1, #tenants do
      if plain[i] and served[i] > 0 and not empty[i] and not several[i] then
        empty[i] = there == 0 or redis.call('EXISTS', key('lane', plain[i])) == 0
      end
    end
  end
  for i, tenant in ipairs(tenants) do
    -- Each task takes one from all its limits.
    local is_blocked = not empty[i] and allowed[i] == served[i]
    if is_blocked then
      gate.parked[#gate.parked + 1] = plain[i]
      gate.met = gate.met + (served[i] > 0 and 0 or 1)
    end
    if lined[i] and not is_blocked and (empty[i] or served[i] > 0) then
      leaving[#leaving + 1] = plain[i]
    end
    if empty[i] or is_blocked then
      if lined[i] then
        off = off + 1
      else
        gone[#gone + 1] = tenant
      end
    elseif served[i] > 0 then
      -- What a limit did not let it have is no round.
      moved[#moved + 1] = rounds[i] - (share[i] - served[i]) / weights[i]
      moved[#moved + 1] = tenant
    elseif lined[i] and wide[i] ~= 1 then
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
  if not left and not (gate and gate.parked[1]) then
    leave_kind(ring)
  end
  return taken, left
end
