--- settle: writes what a claim took from limits, and parks the lanes that they block (`gate.parked`): each waits in
--- line for the limit that holds it longest. One whose tokens are used up is woken by a timer of its queue, one that
--- has no free slot by whoever frees one. A lane that is not blocked after all goes back to its turn.
--@include key
--@include lane_parts
--@include limit_room
--@include refill_due
--@include enter
local function settle(gate)
  local tokens = {}
  for name, limit in pairs(gate.limits) do
    if limit and limit.changed then
      tokens[#tokens + 1] = name
      tokens[#tokens + 1] = string.format('%.0f', limit.paid)
    end
  end
  for from = 1, #tokens, 2000 do
    redis.call('HSET', key('tokens'), unpack(tokens, from, math.min(from + 1999, #tokens)))
  end
  for name, ids in pairs(gate.holding) do
    for from = 1, #ids, 1000 do
      redis.call('SADD', key('holders', name), unpack(ids, from, math.min(from + 999, #ids)))
    end
  end

  local now, waiting, parked, refills, contended, back = string.format('%.0f', gate.now), {}, {}, {}, {}, {}
  local function add(map, name, first, second)
    local list = map[name] or {}
    map[name] = list
    list[#list + 1], list[#list + 2] = first, second
  end
  for lane in pairs(gate.parked) do
    local ring, _, _, queue = lane_parts(lane)
    local by, due
    for _, limit in ipairs(gate.of[lane]) do
      if limit.most and limit.held >= limit.most then
        by, due = limit, nil
        break
      elseif limit.interval and limit_room(limit, gate.us) == 0 then
        local at = refill_due(limit)
        if not by or at > due then
          by, due = limit, at
        end
      end
    end
    if by then
      add(waiting, by.name, now, lane)
      add(parked, ring, lane, by.name)
      if due then
        add(refills, queue, string.format('%.0f', due), by.name)
      else
        contended[#contended + 1] = by.name
      end
    else
      add(back, ring, lane)
    end
  end
  local function each(map, command, name_of)
    for name, list in pairs(map) do
      for from = 1, #list, 2000 do
        redis.call(command, key(name_of, name), unpack(list, from, math.min(from + 1999, #list)))
      end
    end
  end
  each(waiting, 'ZADD', 'waiting')
  each(parked, 'HSET', 'parked')
  each(refills, 'ZADD', 'refill')
  for from = 1, #contended, 2000 do
    redis.call('SADD', key('contended'), unpack(contended, from, math.min(from + 1999, #contended)))
  end
  enter(back, gate.now, true)
  gate.parked = {}
end
