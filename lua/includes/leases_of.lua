--- leases_of: who holds each of some tasks: id -> list of {incarnation, lease}, of incarnations that are known.
--@include key
local function leases_of(ids)
  local leases = {}
  if #ids == 0 then
    return leases
  end
  for _, worker in ipairs(redis.call('ZRANGE', key('workers'), 0, -1)) do
    for from = 1, #ids, 1000 do
      local to = math.min(from + 999, #ids)
      for i, lease in ipairs(redis.call('HMGET', key('held', worker), unpack(ids, from, to))) do
        if lease then
          local id = ids[from + i - 1]
          leases[id] = leases[id] or {}
          table.insert(leases[id], { worker, lease })
        end
      end
    end
  end
  return leases
end
