--- fire_ticks: does what due ticks of a schedule ask for, if it stands where the plan was made for: cancels what goes
--- on, starts jobs or runs, and moves on. Sending it again with the same token changes nothing and is answered as the
--- first time.
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] token: names this call
--- ARGV[2] name: of the schedule
--- ARGV[3] place: `revision tick waiting` that the plan was made for, '-' for no tick; '' for any
--- ARGV[4] next: `tick waiting` to move on to; '' to stay where it is
--- ARGV[5] due: moment at which to look again, or '' (where it moves on)
--- ARGV[6] flags: letters: c cancels what goes on, b the end of what goes on makes it due, r forgets the schedule
--- ARGV[7] latest: moment before which nothing is fired
--- ARGV[8] memory: for how long (s) the token is remembered
--- ARGV[9] live: how many of what it has started went on when this was planned; if fewer do by now, b makes it due now
--- ARGV[10] lists...: notes for people, preceded by their number; then what is started: 'none'; 'job', lane, extras; or
---   'run', workflow, shape, head, callback ('+' and whom it tells, or ''), tags, retention, 'o' or ''; then, but for
---   'none', the number of tasks or runs, and id and record, or id and input, of each
--- returns: 'fired', 'stale' (it stands elsewhere) or 'early'; 'full' and the cap that refuses: nothing was done then
--- errors: IDTAKEN an id is in use; NOSHAPE there is no such shape. Nothing was done
--@include key
--@include number
--@include clock
--@include lane_parts
--@include extras
--@include caps_of
--@include make_way
--@include run_gate
--@include store_group
--@include new_run
--@include store_runs
--@include cancel_task
--@include stop_run
--@include finish_plan
local name, at = ARGV[2], 10
local latest, memory, live = number(7, 'latest'), number(8, 'memory'), number(9, 'live')
local notes_from = at + 1
at = notes_from + number(at, 'notes')
local what, group, fields, schedule = ARGV[at], nil, nil, ARGV[at + 7]
local width = ({ none = 0, job = 2, run = 7 })[what]
if not width then
  return redis.error_reply('BADCALL what is started is not known')
end
if what == 'job' then
  local wrong
  group = { lane = ARGV[at + 1], start = '' }
  group.extras, wrong = extras(ARGV[at + 2])
  if not group.extras then
    return redis.error_reply('BADCALL extra ' .. wrong .. ' is wrong or missing')
  end
elseif what == 'run' then
  fields = { w = ARGV[at + 1], d = ARGV[at + 2], h = ARGV[at + 3], t = ARGV[at + 5], r = ARGV[at + 6] }
  if redis.call('HEXISTS', key('shapes'), fields.d) == 0 then
    return redis.error_reply('NOSHAPE ' .. fields.d)
  end
end
local from, to = at + width + 2, at + width + 1
if what ~= 'none' then
  to = from - 1 + 2 * number(at + width + 1, 'what is started')
end
if ARGV[to + 1] or (to >= from and not ARGV[to]) then
  return redis.error_reply('BADCALL the lists have another length than they say')
end

local sent = key('sent', ARGV[1])
if redis.call('EXISTS', sent) == 1 then
  return 'fired'
end
local hash = key('schedule', name)
local fields_at = { tick = 2, waiting = 3, blocked = 5 }
local place = redis.call('HMGET', hash, 'revision', 'tick', 'waiting', 'fired', 'blocked')
if ARGV[3] ~= '' and ARGV[3] ~= table.concat({ place[1] or '-', place[2] or '-', place[3] or '-' }, ' ') then
  return 'stale'
end
local now, _, us = clock()
if now < latest then
  return 'early'
end
local ids, homes = {}, {}
for i = from, to, 2 do
  ids[#ids + 1], homes[#homes + 1] = ARGV[i], key('run', ARGV[i])
end
for i, record in ipairs(what == 'job' and ids[1] and redis.call('HMGET', key('tasks'), unpack(ids)) or {}) do
  if record then
    return redis.error_reply('IDTAKEN ' .. ids[i])
  end
end
if what == 'run' and ids[1] and redis.call('EXISTS', unpack(homes)) > 0 then
  return redis.error_reply('IDTAKEN a run')
end
local count = (to - from + 1) / 2
if what == 'job' then
  local _, tenant, _, queue = lane_parts(group.lane)
  group.caps = redis.call('EXISTS', key('caps')) == 1 and caps_of(queue, tenant) or {}
  for _, cap in ipairs(group.caps) do
    if cap.policy ~= 'drop' and redis.call('ZCARD', key('live', cap.target)) + count > cap.most then
      return { 'full', string.format('%d', cap.most) .. ' ' .. cap.target }
    end
  end
end

local waits = string.find(ARGV[6], 'b', 1, true)
-- An end that came meanwhile found nobody waiting for it.
local is_missed = waits and redis.call('SCARD', key('fires', name)) < live

-- The first write.
redis.call('SET', sent, '', 'EX', memory)
local plan = { entering = {}, ready = {}, earlier = {} }
local gate, connected = run_gate(now, us)
local by = 'schedule ' .. name
if string.find(ARGV[6], 'c', 1, true) then
  -- Of very many, those that are left are cancelled with the next tick.
  for _, id in ipairs(redis.call('SRANDMEMBER', key('fires', name), 200)) do
    local record = redis.call('HGET', key('tasks'), id)
    if record then
      cancel_task(id, record, by .. ': a later tick is due', now)
    else
      stop_run(id, plan, now, gate)
    end
  end
end
if what == 'job' then
  for _, cap in ipairs(group.caps) do
    local excess = redis.call('ZCARD', key('live', cap.target)) + count - cap.most
    if excess > 0 then
      make_way(cap.target, excess, plan, now)
    end
  end
  store_group(group, ARGV, from, to, plan, now, gate)
elseif what == 'run' then
  local runs = {}
  for i = from, to, 2 do
    local own = { i = ARGV[i + 1], o = schedule == 'o' and name or nil }
    own.u = ARGV[at + 4] ~= '' and string.sub(ARGV[at + 4], 2) or nil
    for letter, value in pairs(fields) do
      own[letter] = value ~= '' and value or nil
    end
    new_run(runs, ARGV[i], own, 0, by, now)
  end
  store_runs(runs, plan, now, gate, connected)
end

local tick, waiting = string.match(ARGV[4], '^(%S+) (%S+)$')
if tick then
  -- One that could not be started has had its turn too.
  local fired = 0
  for i = notes_from, at - 1 do
    local fate = string.match(ARGV[i], '^%d+\t(%l+)')
    fired = fired + ((fate == 'fired' or fate == 'refused') and 1 or 0)
  end
  local blocked, due = waits and '1' or '-', is_missed and string.format('%.0f', now) or ARGV[5]
  local set, gone = { 'fired', string.format('%.0f', (tonumber(place[4]) or 0) + fired) }, {}
  for field, value in pairs({ tick = tick, waiting = waiting, blocked = blocked }) do
    if value ~= '-' then
      set[#set + 1], set[#set + 2] = field, value
    elseif place[fields_at[field]] then
      gone[#gone + 1] = field
    end
  end
  redis.call('HSET', hash, unpack(set))
  if gone[1] then
    redis.call('HDEL', hash, unpack(gone))
  end
  if due == '' then
    redis.call('ZREM', key('ticks'), name)
  else
    redis.call('ZADD', key('ticks'), due, name)
  end
end
if string.find(ARGV[6], 'r', 1, true) then
  redis.call('DEL', hash, key('ticked', name))
  redis.call('ZREM', key('schedules'), name)
elseif notes_from < at and place[1] then
  redis.call('LPUSH', key('ticked', name), unpack(ARGV, notes_from, at - 1))
  redis.call('LTRIM', key('ticked', name), 0, 99)
end
finish_plan(plan, now)
return 'fired'
