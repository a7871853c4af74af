--- pop_wide: takes `want` tasks out of `lanes` (see `look_wide`) of a tenant, the one with the oldest head (less
--- priority) first; a head that follows counts as of now. Appends {lane, ids} to `taken`; lanes that a limit blocks
--- then are noted in `gate.parked`. Returns whether the tenant has no lane left to be served, and the number taken.
--@seldom
--@include key
--@include allowance
--@include charge
local function pop_wide(ring, tenant, lanes, want, now, taken, gate)
  local picks = {}
  while want > 0 do
    local best, second
    for _, lane in ipairs(lanes) do
      if lane.room > lane.count then
        if not best or lane.age < best.age or (lane.age == best.age and lane.count < best.count) then
          second = best and best.age
          best = lane
        elseif not second or lane.age < second then
          second = lane.age
        end
      end
    end
    if not best then
      break
    end
    local after, some = now - best.priority * 60000, 1
    if not second or after < second then
      some = math.min(want, best.room - best.count)
    end
    best.count, best.age, want = best.count + some, after, want - some
    picks[#picks + 1] = { best, some }
  end
  local served = 0
  for _, lane in ipairs(lanes) do
    local count = gate and math.min(lane.count, allowance(gate, lane.name)) or lane.count
    if count > 0 then
      lane.ids = redis.call('LPOP', key('lane', lane.name), count)
      lane.length, lane.served, served = lane.length - #lane.ids, 0, served + #lane.ids
      if gate then
        charge(gate, lane.name, #lane.ids)
      end
    end
  end
  -- One call for each lane, and yet they start in the order in which they were chosen.
  for _, pick in ipairs(picks) do
    local lane, ids = pick[1], {}
    for i = 1, lane.ids and math.min(pick[2], #lane.ids - lane.served) or 0 do
      ids[i] = lane.ids[lane.served + i]
    end
    if #ids > 0 then
      lane.served = lane.served + #ids
      taken[#taken + 1] = { lane.name, ids }
    end
  end
  local moved, gone = {}, {}
  for _, lane in ipairs(lanes) do
    local is_blocked = gate and lane.length > 0 and allowance(gate, lane.name) == 0
    if lane.length == 0 or is_blocked then
      gone[#gone + 1] = lane.name
      if is_blocked then
        gate.parked[#gate.parked + 1] = lane.name
        gate.met = gate.met + (lane.served and 0 or 1)
      end
    elseif lane.served then
      moved[#moved + 1] = string.format('%.0f', now - lane.priority * 60000)
      moved[#moved + 1] = lane.name
    end
  end
  local ages = key('lanes', ring .. '\t' .. tenant)
  if #moved > 0 then
    redis.call('ZADD', ages, unpack(moved))
  end
  if #gone > 0 then
    redis.call('ZREM', ages, unpack(gone))
  end
  -- With no lane at all somebody has deleted the key: the tenant must not stay, or its turn would never end.
  if (#gone > 0 or not lanes[1]) and redis.call('EXISTS', ages) == 0 then
    redis.call('SREM', key('wide', ring), tenant)
    return true, served
  end
  return false, served
end
