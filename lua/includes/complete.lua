--- complete: ends tasks with success: those of ARGV[from] .. ARGV[to] that this incarnation still holds under
--- `claim`. One fence and one removal for the whole list. Others are appended to `stale`. The leases are left in
--- `done`, lists of ids, for the caller to remove after it has claimed: a lease hash that never becomes empty under
--- load stays a hash table, where a new one would be a packed list that Redis searches from end to end.
--@include key
--@include lane_parts
--@include total
local function complete(worker, claim, from, to, troubled, cancelling, stale, done)
  local held = key('held', worker)
  local fence, counts = claim .. '\t', {}
  -- The lease that was valid last: most are alike, and are compared by identity.
  local valid, alike = nil, 0
  for first = from, to, 1000 do
    local last = math.min(first + 999, to)
    local holds = redis.call('HMGET', held, unpack(ARGV, first, last))
    local refused = false
    for i = 1, last - first + 1 do
      local value = holds[i]
      if value and value == valid then
        alike = alike + 1
      elseif value and string.sub(value, 1, #fence) == fence then
        if valid then
          counts[valid] = (counts[valid] or 0) + alike
        end
        valid, alike = value, 1
      else
        refused = true
        stale[#stale + 1] = ARGV[first + i - 1]
        holds[i] = false
      end
    end
    local ids = ARGV
    local low, high = first, last
    if refused then
      ids = {}
      for i = 1, last - first + 1 do
        if holds[i] then
          ids[#ids + 1] = ARGV[first + i - 1]
        end
      end
      low, high = 1, #ids
    end
    if high >= low then
      done[#done + 1] = { ids, low, high }
      redis.call('HDEL', key('tasks'), unpack(ids, low, high))
      if troubled then
        redis.call('HDEL', key('tries'), unpack(ids, low, high))
      end
      if cancelling then
        redis.call('HDEL', key('cancels'), unpack(ids, low, high))
      end
    end
  end
  if valid then
    counts[valid] = (counts[valid] or 0) + alike
  end
  local completed = {}
  for value, count in pairs(counts) do
    local _, _, _, queue = lane_parts(string.sub(value, #fence + 1))
    completed[queue] = (completed[queue] or 0) + count
  end
  for queue, count in pairs(completed) do
    total(queue, 'completed', count)
  end
end
