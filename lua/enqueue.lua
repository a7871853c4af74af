--- enqueue: stores new tasks and puts them where they wait, all or none. Sending it again with the same token changes
--- nothing: the token is remembered for 30 s.
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] token: names this call; '' for none (a lost reply must then not be sent again)
--- ARGV[2] groups: their number
--- ARGV[3] lists...: for each group: lane; start ('' now, '+ms' in so many ms, '@ms' at a time of Redis's clock);
---   deadline (ms from now, '' none); idempotency key ('' none); for how long (ms) the key is remembered; number of
---   tasks (one, where there is a key); then id, record of each
--- returns: flat array: now (ms), then for each task whose key was known: its position in the call from 0, the first id
--- errors: IDTAKEN an id is in use by another task, be it of this call; nothing was stored
--@include key
--@include number
--@include clock
--@include lane_parts
--@include push
--@include enter
--@include wake
local groups, at = {}, 3
local arguments, place, previous, ascends = ARGV, 0, '', true
for i = 1, number(2, 'groups') do
  local count = number(at + 5, 'number of tasks')
  local group = {
    lane = ARGV[at], start = ARGV[at + 1], deadline = tonumber(ARGV[at + 2]), name = ARGV[at + 3],
    remembered = ARGV[at + 4], from = at + 6, to = at + 5 + 2 * count, place = place, ids = {},
  }
  if group.start ~= '' and not tonumber(string.sub(group.start, 2)) then
    return redis.error_reply('BADCALL start of group ' .. i .. ' is not a time')
  end
  if not ARGV[group.to] then
    return redis.error_reply('BADCALL group ' .. i .. ' has fewer tasks than it says')
  end
  if count < 1 or not string.find(group.lane, '\t', 1, true) then
    return redis.error_reply('BADCALL group ' .. i .. ' has no task or no lane')
  end
  if group.name ~= '' and not string.find(group.remembered, '^[1-9]%d*$') then
    return redis.error_reply('BADCALL lifetime of the key of group ' .. i .. ' is no number of ms')
  end
  if ARGV[at + 2] ~= '' and not group.deadline then
    return redis.error_reply('BADCALL deadline of group ' .. i .. ' is not a time')
  end
  local ids = group.ids
  for j = group.from, group.to, 2 do
    local id = arguments[j]
    ascends = ascends and id > previous
    previous = id
    ids[#ids + 1] = id
    if group.deadline and not string.find(arguments[j + 1], '\n', 1, true) then
      return redis.error_reply('BADCALL the record of ' .. id .. ' has no head')
    end
  end
  groups[i] = group
  place = place + count
  at = group.to + 1
end

-- Ids of one generator ascend, and are then all different.
if not ascends then
  local seen = {}
  for _, group in ipairs(groups) do
    for _, id in ipairs(group.ids) do
      if seen[id] then
        return redis.error_reply('IDTAKEN ' .. id)
      end
      seen[id] = true
    end
  end
end

local tasks = key('tasks')
local now = clock()
local reply = { string.format('%.0f', now) }
local taken
for _, group in ipairs(groups) do
  for from = 1, #group.ids, 1000 do
    local last = math.min(from + 999, #group.ids)
    for i, record in ipairs(redis.call('HMGET', tasks, unpack(group.ids, from, last))) do
      taken = taken or record and group.ids[from + i - 1]
    end
  end
end
-- The first write, unless an id is taken: then this is either a call that was sent again, or refused.
local sent = key('sent', ARGV[1])
local again = ARGV[1] ~= '' and (taken and redis.call('EXISTS', sent) == 1
  or not taken and not redis.call('SET', sent, '', 'NX', 'EX', 30))
if again then
  for _, group in ipairs(groups) do
    local known = group.name ~= '' and redis.call('GET', key('dedupe', group.name))
    if known and known ~= group.ids[1] then
      reply[#reply + 1] = group.place
      reply[#reply + 1] = known
    end
  end
  return reply
end
if taken then
  return redis.error_reply('IDTAKEN ' .. taken)
end

local entering, ready, earlier = {}, {}, {}
for _, group in ipairs(groups) do
  local known = group.name ~= '' and redis.call('GET', key('dedupe', group.name))
  if known then
    reply[#reply + 1] = group.place
    reply[#reply + 1] = known
  else
    if group.name ~= '' then
      redis.call('SET', key('dedupe', group.name), group.ids[1], 'PX', group.remembered)
    end
    if group.deadline then
      local option = '\td=' .. string.format('%.0f', now + group.deadline)
      for j = group.from + 1, group.to, 2 do
        local head = string.find(ARGV[j], '\n', 1, true)
        redis.call('HSET', tasks, ARGV[j - 1], string.sub(ARGV[j], 1, head - 1) .. option .. string.sub(ARGV[j], head))
      end
    else
      for from = group.from, group.to, 2000 do
        redis.call('HSET', tasks, unpack(ARGV, from, math.min(from + 1999, group.to)))
      end
    end
    local _, _, _, queue = lane_parts(group.lane)
    local due
    if group.start ~= '' then
      due = tonumber(string.sub(group.start, 2)) + (string.sub(group.start, 1, 1) == '+' and now or 0)
    end
    if due and due > now then
      local delayed = key('delayed', queue)
      local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
      if not first or due < tonumber(first) then
        earlier[queue] = true
      end
      local score = string.format('%.0f', due)
      for from = 1, #group.ids, 1000 do
        local members = {}
        for i = from, math.min(from + 999, #group.ids) do
          members[#members + 1] = score
          members[#members + 1] = group.ids[i]
        end
        redis.call('ZADD', delayed, unpack(members))
      end
      redis.call('SADD', key('queues'), queue)
    else
      push(group.lane, group.ids, entering)
      ready[queue] = true
    end
  end
end
enter(entering, now)
for queue in pairs(earlier) do
  ready[queue] = true
end
for queue in pairs(ready) do
  if redis.call('HEXISTS', key('paused'), 'queue:' .. queue) == 0 then
    wake(queue)
  end
end
return reply
