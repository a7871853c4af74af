--- purge: removes waiting tasks of a queue, ready and delayed, a chunk a call; to be called again until there is no
--- cursor any more. Tasks of runs are met and stay, since their runs wait for them: those in lanes come back by
--- themselves in a second, those that are delayed are passed over.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] queue: its name
--- ARGV[2] chunk: looks at no more than so many tasks, up to 1,000
--- ARGV[3] cursor: '' at first, then as returned
--- returns: number of tasks removed; the next cursor, '' at the end
--@include key
--@include number
--@include clock
--@include take
--@include total
--@include untie_all
--@include leave
--@include is_bound
--@include wake
local queue, chunk = ARGV[1], math.min(number(2, 'chunk'), 1000)
-- Of the delayed tasks that were passed over: the moment of the last, and how many of them have that one.
local at, passed = string.match(ARGV[3] == '' and '-inf 0' or ARGV[3], '^([%d%-inf]+) (%d+)$')
if not at then
  return redis.error_reply('BADCALL cursor (argument 3) is none')
end
local now = clock()
local delayed = key('delayed', queue)
local rings = { queue }
for _, kind in ipairs(redis.call('SMEMBERS', key('kinds', queue))) do
  rings[#rings + 1] = queue .. '|' .. kind
end
local seen, purged, aside = 0, 0, {}
local function remove(ids)
  if #ids > 0 then
    local bonds = redis.call('EXISTS', key('bonds')) == 1
    purged = purged + redis.call('HDEL', key('tasks'), unpack(ids))
    redis.call('HDEL', key('tries'), unpack(ids))
    redis.call('ZREM', key('expiring', queue), unpack(ids))
    if bonds then
      untie_all(ids, 1, #ids, 'purged', now)
    end
  end
end
local function sort_out(ids)
  local gone = {}
  seen = seen + #ids
  for _, id in ipairs(ids) do
    if is_bound(id) then
      aside[#aside + 1], aside[#aside + 2] = string.format('%.0f', now + 1000), id
    else
      gone[#gone + 1] = id
    end
  end
  remove(gone)
end
for _, ring in ipairs(rings) do
  local left = true
  while seen < chunk and left do
    local taken
    taken, left = take(ring, chunk - seen, now)
    for _, group in ipairs(taken) do
      sort_out(group[2])
    end
  end
  -- What a limit has parked.
  while seen < chunk do
    local lane = redis.call('HRANDFIELD', key('parked', ring))
    local ids = lane and redis.call('LPOP', key('lane', lane), chunk - seen)
    sort_out(ids or {})
    if not lane then
      break
    end
    leave(lane)
  end
end
if aside[1] then
  redis.call('ZADD', delayed, unpack(aside))
  wake(queue)
end
local cursor = at .. ' ' .. passed
if seen < chunk then
  local room = chunk - seen
  local rows = redis.call('ZRANGE', delayed, at, '+inf', 'BYSCORE', 'LIMIT', passed, room, 'WITHSCORES')
  local gone = {}
  for i = 1, #rows, 2 do
    if rows[i + 1] ~= at then
      at, passed = rows[i + 1], 0
    end
    if is_bound(rows[i]) then
      passed = passed + 1
    else
      gone[#gone + 1] = rows[i]
    end
  end
  if gone[1] then
    redis.call('ZREM', delayed, unpack(gone))
  end
  remove(gone)
  cursor = #rows / 2 < room and '' or string.format('%s %d', at, passed)
end
if purged > 0 then
  total(queue, 'purged', purged)
end
return { purged, cursor }
