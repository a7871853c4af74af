--- free: ends the holding of limits by leases that have ended (`freed`: limit -> ids, see `give_up`), and wakes a
--- lane in line for each slot that has a token too; where tokens lack, a timer is set. The rings of lanes that were
--- woken are noted in `roused`.
--@seldom
--@include key
--@include load_limits
--@include limit_room
--@include next_in_line
--@include await_token
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
  local lanes, asked = {}, {}
  for i, name in ipairs(names) do
    local limit = gate.limits[name]
    asked[2 * i - 1] = name
    asked[2 * i] = limit and math.min(#freed[name], limit_room(limit, gate.us)) or #freed[name]
  end
  local woken, left = next_in_line(asked, lanes)
  for i, name in ipairs(names) do
    local limit = gate.limits[name]
    if limit then
      limit.woken = woken[name]
      if left[name] and asked[2 * i] < #freed[name] then
        await_token(limit, woken[name])
      end
    end
  end
  rouse(lanes, gate.now, roused)
end
