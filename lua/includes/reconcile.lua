--- reconcile: hands back, uncounted, what an incarnation holds but does not know of: tasks of a claim whose reply was
--- lost. `known` has the claim of each task that it knows. Claims from `before` on are left alone: they came after
--- the list was made, which happens when a call that was sent again is overtaken by its repetition. `roused` as for
--- `push_groups`. Returns how many.
--@seldom
--@include key
--@include push_groups
--@include older
--@include drop
--@include lease_parts
--@include give_up
local function reconcile(worker, known, cancelling, now, freed, roused, before)
  local held = key('held', worker)
  local rows, groups, ids = redis.call('HGETALL', held), {}, {}
  for i = 1, #rows, 2 do
    local id = rows[i]
    local claim, lane, names = lease_parts(rows[i + 1])
    if known[id] ~= claim and (not before or tonumber(claim) < before) then
      give_up(freed, names, id)
      ids[#ids + 1] = id
      local reason = cancelling and redis.call('HGET', key('cancels'), id)
      if reason then
        drop(id, redis.call('HGET', key('tasks'), id), 'cancelled', now, reason)
      else
        groups[lane] = groups[lane] or {}
        table.insert(groups[lane], id)
      end
    end
  end
  for from = 1, #ids, 1000 do
    redis.call('HDEL', held, unpack(ids, from, math.min(from + 999, #ids)))
  end
  for _, list in pairs(groups) do
    table.sort(list, function(a, b) return older(b, a) end)
  end
  push_groups(groups, now, 'LPUSH', roused)
  return #ids
end
