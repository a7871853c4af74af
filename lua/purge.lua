--- purge: removes waiting tasks of a queue, ready and delayed, a chunk a call; call again until it returns 0.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] queue: its name
--- ARGV[2] chunk: at most so many tasks, up to 1,000
--- returns: number of tasks taken out
--@include key
--@include number
--@include clock
--@include take
--@include total
--@include untie_all
--@include leave
local queue, chunk = ARGV[1], math.min(number(2, 'chunk'), 1000)
local now = clock()
local rings = { queue }
for _, kind in ipairs(redis.call('SMEMBERS', key('kinds', queue))) do
  rings[#rings + 1] = queue .. '|' .. kind
end
local out, purged = 0, 0
local function remove(ids)
  if #ids > 0 then
    out = out + #ids
    local bonds = redis.call('EXISTS', key('bonds')) == 1
    purged = purged + redis.call('HDEL', key('tasks'), unpack(ids))
    redis.call('HDEL', key('tries'), unpack(ids))
    redis.call('ZREM', key('expiring', queue), unpack(ids))
    if bonds then
      untie_all(ids, 1, #ids, 'purged', now)
    end
  end
end
for _, ring in ipairs(rings) do
  local left = true
  while out < chunk and left do
    local taken
    taken, left = take(ring, chunk - out, now)
    for _, group in ipairs(taken) do
      remove(group[2])
    end
  end
  -- What a limit has parked.
  while out < chunk do
    local lane = redis.call('HRANDFIELD', key('parked', ring))
    local ids = lane and redis.call('LPOP', key('lane', lane), chunk - out)
    remove(ids or {})
    if not lane then
      break
    end
    leave(lane)
  end
end
if out < chunk then
  local popped, ids = redis.call('ZPOPMIN', key('delayed', queue), chunk - out), {}
  for i = 1, #popped, 2 do
    ids[#ids + 1] = popped[i]
  end
  remove(ids)
end
if purged > 0 then
  total(queue, 'purged', purged)
end
return out
