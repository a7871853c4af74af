--- enqueue: stores new tasks and puts them where they wait, all or none. Sending it again with the same token changes
--- nothing and is answered as the first time: the token is remembered for 30 s.
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] token: names this call; '' for none (a lost reply must then not be sent again)
--- ARGV[2] groups: their number
--- ARGV[3] lists...: for each group: lane; start ('' now, '+ms' in so many ms, '@ms' at a time of Redis's clock);
---   extras (see includes/extras.lua); number of tasks (one, where there is an idempotency or unique key); then id,
---   record of each
--- returns: flat array: now (ms), then for each task that another one stands for: its position in the call from 0, and
---   the id of the other
--- errors: IDTAKEN an id is in use by another task, be it of this call; FULL a length cap is reached; NOBATCH there
---   is no such batch, or it has ended; ROLELOST the role that the call acts for is not held. Nothing was stored
--@include key
--@include number
--@include clock
--@include lane_parts
--@include extras
--@include known_as
--@include holds_role
--@include replace
--@include caps_of
--@include make_way
--@include gate_at
--@include store_group
--@include finish_plan
-- `asking` are those of the groups that have extras.
local groups, asking, at = {}, {}, 3
local place, previous, ascends = 0, '', true
for i = 1, number(2, 'groups') do
  local count = number(at + 3, 'number of tasks')
  local group = {
    lane = ARGV[at], start = ARGV[at + 1], from = at + 4, to = at + 3 + 2 * count, place = place,
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
  local wrong
  group.extras, wrong = extras(ARGV[at + 2])
  if not group.extras then
    return redis.error_reply('BADCALL extra ' .. wrong .. ' of group ' .. i .. ' is wrong or missing')
  end
  if next(group.extras) then
    asking[#asking + 1] = group
  end
  if count > 1 and (group.extras.k or group.extras.u) then
    return redis.error_reply('BADCALL group ' .. i .. ' has one key for several tasks')
  end
  for j = group.from, group.to, 2 do
    local id = ARGV[j]
    ascends = ascends and id > previous
    previous = id
    if group.extras.d and not string.find(ARGV[j + 1], '\n', 1, true) then
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
    for j = group.from, group.to, 2 do
      if seen[ARGV[j]] then
        return redis.error_reply('IDTAKEN ' .. ARGV[j])
      end
      seen[ARGV[j]] = true
    end
  end
end

local now, _, us = clock()
local reply = { string.format('%.0f', now) }
local sent = key('sent', ARGV[1])
-- A call that was sent again is not refused for what it did the first time.
local function answered(text)
  for part in string.gmatch(text, '[^ ]+') do
    reply[#reply + 1] = part
  end
  return reply
end
local function refuse(problem)
  local before = ARGV[1] ~= '' and redis.call('GET', sent)
  return before and answered(before) or redis.error_reply(problem)
end
local ids = {}
for _, group in ipairs(groups) do
  for j = group.from, group.to, 2 do
    ids[#ids + 1] = ARGV[j]
  end
end
for from = 1, #ids, 1000 do
  for i, record in ipairs(redis.call('HMGET', key('tasks'), unpack(ids, from, math.min(from + 999, #ids)))) do
    if record then
      return refuse('IDTAKEN ' .. ids[from + i - 1])
    end
  end
end
local rare = redis.call('EXISTS', key('limits'), key('caps')) > 0
local gate = rare and redis.call('EXISTS', key('limits')) == 1 and gate_at(now, us, {}) or nil
local capped = rare and redis.call('EXISTS', key('caps')) == 1
local names, length, roles = {}, {}, {}
for _, group in ipairs(asking) do
  local more = group.extras
  if more.f and not roles[more.f] then
    if not holds_role(more.f, now) then
      return refuse('ROLELOST ' .. more.f)
    end
    roles[more.f] = true
  end
  local by_key, by_unique = more.k and 'k' .. more.k or '', more.u and 'u' .. string.sub(more.u, 2) or ''
  group.known = names[by_key] or known_as(more) or names[by_unique]
  if not group.known then
    -- Those that follow in this call are told of this one.
    for _, name in ipairs({ by_key, by_unique }) do
      names[name] = name ~= '' and ARGV[group.from] or nil
    end
  end
  if more.b then
    local batch = redis.call('HMGET', key('batch', more.b), 'keep', 'ended')
    if not batch[1] or batch[2] then
      return refuse('NOBATCH ' .. (batch[1] and 'has ended: ' or 'is not known: ') .. more.b)
    end
  end
end
for _, group in ipairs(capped and groups or {}) do
  if not group.known then
    local _, tenant, _, queue = lane_parts(group.lane)
    group.caps = caps_of(queue, tenant)
    for _, cap in ipairs(group.caps) do
      local target = cap.target
      length[target] = (length[target] or redis.call('ZCARD', key('live', target))) + (group.to - group.from + 1) / 2
      if length[target] > cap.most and cap.policy ~= 'drop' then
        return refuse('FULL ' .. cap.most .. ' ' .. target)
      end
    end
  end
end
-- The first write, unless this call was carried out before.
local before = ARGV[1] ~= '' and redis.call('SET', sent, '', 'NX', 'GET', 'EX', 30)
if before then
  return answered(before)
end

local plan = { entering = {}, ready = {}, earlier = {} }
-- Several groups: their records are written together.
if groups[2] then
  local values = {}
  for _, group in ipairs(groups) do
    if not group.known and not group.extras.d then
      group.is_stored = true
      for j = group.from, group.to do
        values[#values + 1] = ARGV[j]
      end
    end
  end
  for from = 1, #values, 2000 do
    redis.call('HSET', key('tasks'), unpack(values, from, math.min(from + 1999, #values)))
  end
end
for _, group in ipairs(asking) do
  -- Making way for the others must not end a batch that gets a member now.
  if capped and group.extras.b and not group.known then
    redis.call('SADD', key('members', group.extras.b), ARGV[group.from])
  end
end
for _, group in ipairs(groups) do
  if group.known then
    reply[#reply + 1] = string.format('%d', group.place)
    reply[#reply + 1] = group.known
    if group.extras.u then
      replace(group.known, ARGV[group.from + 1], group.extras, now, plan)
    end
  else
    for _, cap in ipairs(group.caps or {}) do
      local excess = redis.call('ZCARD', key('live', cap.target)) + (group.to - group.from + 1) / 2 - cap.most
      if excess > 0 then
        make_way(cap.target, excess, plan, now)
      end
    end
    store_group(group, ARGV, group.from, group.to, plan, now, gate)
  end
end
if ARGV[1] ~= '' and #reply > 1 then
  redis.call('SET', sent, table.concat(reply, ' ', 2), 'EX', 30)
end
finish_plan(plan, now)
return reply
