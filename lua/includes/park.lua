--- park: parks the lanes of a ring that were met and that limits block (`gate.parked`): each waits in line for the
--- limit that holds it longest. One whose tokens are used up is woken by a timer of its queue, one that has no free
--- slot by whoever frees one. A lane may have been woken for one limit and be blocked by another: then the next in line
--- for the first is woken in its place. One that is not blocked after all goes back to its turn. Returns true if any
--- lane got a turn by this; their rings are noted in `gate.again`.
--@seldom
--@include key
--@include lane_parts
--@include limit_room
--@include refill_due
--@include line_up
--@include next_in_line
--@include rouse
--@include out_of_line
--@include enter
local function park(gate, ring, queue)
  local lanes, waiting, parked, refills, contended, passed_on = {}, {}, {}, {}, {}, {}
  local back, woken, leaving = {}, {}, {}
  -- In the order in which they were met, those that were served just now behind the others.
  for _, is_served in ipairs({ false, true }) do
    for _, lane in ipairs(gate.parked) do
      if (gate.served[lane] or false) == is_served then
        lanes[#lanes + 1] = lane
      end
    end
  end
  gate.parked, gate.served = {}, {}
  local function add(map, name, first, second)
    local list = map[name]
    if list then
      list[#list + 1], list[#list + 2] = first, second
    else
      map[name] = { first, second }
    end
  end
  for place, lane in ipairs(lanes) do
    local stands, by, due = gate.line[lane], nil, nil
    for _, limit in ipairs(gate.of[lane]) do
      if limit.most and limit.held >= limit.most then
        by, due = (not by or due) and limit or by, nil
      elseif limit.interval and limit_room(limit, gate.us) == 0 then
        local at = refill_due(limit)
        if not by or (due and at > due) then
          by, due = limit, at
        end
      end
    end
    if by and due and by.name == stands then
      -- It stands in line already.
      gate.line[lane] = nil
      add(refills, queue, due, stands)
    else
      if stands then
        leaving[#leaving + 1] = lane
      end
      if by then
        add(waiting, by.name, string.format('%d', gate.us + place), lane)
        add(parked, ring, lane, by.name)
        if due then
          add(refills, queue, due, by.name)
        else
          add(contended, 'all', gate.now, by.name)
        end
        for _, limit in ipairs(gate.of[lane]) do
          if limit ~= by and limit_room(limit, gate.us) > 0 then
            passed_on[limit] = (passed_on[limit] or 0) + 1
          end
        end
      else
        gate.again[ring] = true
        add(back, ring, lane)
      end
    end
  end
  out_of_line(gate, leaving)
  local asked = {}
  for limit, count in pairs(passed_on) do
    if not limit.is_dry then
      asked[#asked + 1], asked[#asked + 2] = limit.name, count
    end
  end
  local _, left = next_in_line(asked, woken)
  for limit in pairs(passed_on) do
    limit.is_dry = not left[limit.name]
  end
  line_up(waiting)
  local function each(map, command, name_of, option)
    for name, list in pairs(map) do
      for from = 1, #list, 2000 do
        local to = math.min(from + 1999, #list)
        if option then
          redis.call(command, key(name_of), option, unpack(list, from, to))
        else
          redis.call(command, key(name_of, name), unpack(list, from, to))
        end
      end
    end
  end
  each(parked, 'HSET', 'parked')
  each(refills, 'ZADD', 'refill')
  each(contended, 'ZADD', 'contended', 'NX')
  for _, lane in ipairs(woken) do
    gate.again[lane_parts(lane)] = true
    gate.line[lane] = nil
  end
  rouse(woken, gate.now, gate.roused)
  enter(back, gate.now, true)
  return #woken > 0 or next(back) ~= nil
end
