--- free: ends the holding of limits by leases that have ended (`freed`: limit -> ids, see `give_up`), and wakes a
--- lane in line for each slot. The queues of these are noted in `roused`.
--@include key
--@include load_limits
--@include limit_room
--@include next_in_line
--@include rouse
local function free(freed, gate, roused)
  local names = {}
  for name, ids in pairs(freed) do
    names[#names + 1] = name
    for from = 1, #ids, 1000 do
      redis.call('SREM', key('holders', name), unpack(ids, from, math.min(from + 999, #ids)))
    end
  end
  if #names == 0 then
    return
  end
  load_limits(gate, names)
  local lanes = {}
  for _, name in ipairs(names) do
    local limit = gate.limits[name]
    local count = #freed[name]
    if limit then
      count = math.min(count, limit_room(limit, gate.us))
    end
    if count > 0 then
      next_in_line(name, count, lanes)
    end
  end
  rouse(lanes, gate.now, roused)
end
