--- complete: ends tasks with success: those of `all[from]` .. `all[to]` that this incarnation still holds
--- under `claim`. One fence and one removal for the whole list. Others are appended to `stale`. The leases are left in
--- `done`, lists of ids, for the caller to remove after it has claimed: a lease hash that never becomes empty under
--- load stays a hash table, where a new one would be a packed list that Redis searches from end to end.
--- `rare` says which of the things exist that few tasks have (see `cycle`).
--@include key
--@include lane_parts
--@include lease_parts
--@include give_up
--@include untie_all
--@include total
local function complete(worker, claim, all, from, to, rare, stale, done, freed, now)
  local held = key('held', worker)
  local fence, completed = claim .. '\t', {}
  -- The lease that was valid last: most are alike, and are compared by identity.
  local valid, names, queue
  for first = from, to, 1000 do
    local last = math.min(first + 999, to)
    local holds = redis.call('HMGET', held, unpack(all, first, last))
    local refused = false
    for i = 1, last - first + 1 do
      local value = holds[i]
      if value and value == valid then
        completed[queue] = completed[queue] + 1
        if names then
          give_up(freed, names, all[first + i - 1])
        end
      elseif value and string.sub(value, 1, #fence) == fence then
        local _, lane, lines = lease_parts(value)
        local _, _, _, of_lane = lane_parts(lane)
        valid, names, queue = value, lines, of_lane
        completed[queue] = (completed[queue] or 0) + 1
        if names then
          give_up(freed, names, all[first + i - 1])
        end
      else
        refused = true
        stale[#stale + 1] = all[first + i - 1]
        holds[i] = false
      end
    end
    local ids = all
    local low, high = first, last
    if refused then
      ids = {}
      for i = 1, last - first + 1 do
        if holds[i] then
          ids[#ids + 1] = all[first + i - 1]
        end
      end
      low, high = 1, #ids
    end
    if high >= low then
      done[#done + 1] = { ids, low, high }
      redis.call('HDEL', key('tasks'), unpack(ids, low, high))
      if rare.tries then
        redis.call('HDEL', key('tries'), unpack(ids, low, high))
      end
      if rare.cancels then
        redis.call('HDEL', key('cancels'), unpack(ids, low, high))
      end
      if rare.bonds then
        untie_all(ids, low, high, 'completed', now)
      end
    end
  end
  for name, count in pairs(completed) do
    total(name, 'completed', count)
  end
end
