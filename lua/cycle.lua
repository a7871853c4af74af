--- cycle: one turn of a worker's loop in one round trip: commits what ended, moves what is due, takes over what a lost
--- worker held, claims what comes next. Every list in ARGV is preceded by its length.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] worker: incarnation
--- ARGV[2] lease: ms
--- ARGV[3] claim: token of this call, unlike any earlier one of this incarnation
--- ARGV[4] room: how many tasks it can take
--- ARGV[5] reconcile: '1' if the list of running tasks is to be compared with the lease
--- ARGV[6] fires: '1' if it fires schedules
--- ARGV[7] lists...: queues; kinds taken (none: any); kind, room for kinds with a bound of their own; id, claim of
---   tasks that it knows it holds; then the number of runs of completed tasks, each `claim, n, ids`; then the number of
---   other outcomes, each `outcome, id, claim, wait, counted, text` (see includes/conclude.lua); then the number of
---   commits of tasks of runs, each `n, ids, claim, run, revision, ending, timer` (includes/commit_runs.lua) and what
---   follows for its run (see includes/read_plan.lua)
--- returns: flat array: 'ok' or 'dead'; now (ms); next moment (ms) at which something is due, or 0; then five lists,
---   each preceded by its length: id, record of each claimed task; ids of stale outcomes; id, history of each claimed
---   task that was in trouble before; id of each task whose commit was planned for another state of its run, which is
---   held as before, and the facts of the run ('' if there is none); names of schedules to be fired
--@include key
--@include number
--@include clock
--@include complete
--@include commit_runs
--@include conclude
--@include open_run
--@include read_plan
--@include look_at
--@include store_runs
--@include enter
--@include older
--@include push_groups
--@include reconcile
--@include takeover
--@include promote
--@include claim_ring
--@include gate_at
--@include free
--@include sweep
--@include refill
--@include settle
--@include out_of_line
--@include rouse
--@include untie_all
--@include intake
--@include wake
--@include wake_rings
--@include hand_out
--@include keep_tick
local worker, claim = ARGV[1], ARGV[3]
local lease, room = number(2, 'lease'), number(4, 'room')
local at = 7

local function list(width)
  local from = at + 1
  at = from + number(at, 'length of a list') * (width or 1)
  return from, at - 1
end

local queues_from, queues_to = list()
local kinds_from, kinds_to = list()
local bounds_from, bounds_to = list(2)
local running_from, running_to = list(2)
local runs = {}
local run_count = number(at, 'runs of completed tasks')
at = at + 1
for i = 1, run_count do
  local token = ARGV[at]
  at = at + 1
  local from, to = list()
  runs[i] = { token, from, to }
end
local ended_from, ended_to = list(6)
local outcomes = { result = true, retry = true, dead = true, cancel = true, release = true }
for i = ended_from, ended_to, 6 do
  number(i + 3, 'wait')
  if not outcomes[ARGV[i]] or not ARGV[i + 5] then
    error({ err = 'BADCALL outcome ' .. ARGV[i] .. ' (argument ' .. i .. ') is not known, or not complete' })
  end
end
local commits, involved = {}, {}
at = ended_to + 1
for i = 1, number(at, 'number of commits') do
  local count = number(at + 1, 'number of tasks of a commit')
  local ids = { unpack(ARGV, at + 2, at + 1 + count) }
  at = at + 1 + count
  local commit = {
    ids = ids, claim = ARGV[at + 1], run = open_run(involved, ARGV[at + 2]),
    revision = number(at + 3, 'revision'), ending = ARGV[at + 4], timer = ARGV[at + 5],
  }
  if commit.ending ~= 'done' and commit.ending ~= 'park' then
    error({ err = 'BADCALL ending of commit ' .. i .. ' is not known' })
  end
  commit.plan, at = read_plan(at + 6)
  at = at - 1
  local first = commit.plan.effects[1]
  if count > 1 and not (first and first[1] == 'items' and #first[7] == count and not commit.plan.effects[2]) then
    error({ err = 'BADCALL commit ' .. i .. ' has several tasks, and is not of as many items' })
  end
  look_at(commit.run, commit.plan.effects)
  commits[i] = commit
end

local now, awake, us = clock(lease / 2)
local workers = key('workers')
local expiry = tonumber(redis.call('ZSCORE', workers, worker) or -1)
if expiry < 0 then
  return { 'dead', string.format('%.0f', now) }
end
if expiry - now < lease * 2 / 3 then
  redis.call('ZADD', workers, string.format('%.0f', now + lease), worker)
end

-- What only some namespaces have, mostly none: asked for at once, and one by one only as far as something is there.
local rare, others = {}, { 'cancels', 'tries', 'bonds', 'paused', 'inbox', 'connections' }
local limited, expiring, all = { key('limits'), key('contended'), key('tokens') }, {}, { key('ticks') }
for i = queues_from, queues_to do
  limited[#limited + 1], expiring[#expiring + 1] = key('refill', ARGV[i]), key('expiring', ARGV[i])
end
for _, name in ipairs(others) do
  all[#all + 1] = key(name)
end
for _, group in ipairs({ limited, expiring }) do
  for _, name in ipairs(group) do
    all[#all + 1] = name
  end
end
local there = redis.call('EXISTS', unpack(all))
local function are_there(group)
  local count = there > 0 and #group > 0 and redis.call('EXISTS', unpack(group)) or 0
  there = there - count
  return count > 0
end
-- The schedule that is looked at next, and when.
local tick = there > 0 and redis.call('ZRANGE', key('ticks'), 0, 0, 'WITHSCORES') or {}
there = there - #tick / 2
rare.limits, rare.expires = are_there(limited), are_there(expiring)
for _, name in ipairs(others) do
  rare[name] = are_there({ key(name) })
end
local freed, roused = {}, {}
local gate = gate_at(now, us, roused)

-- Commit.
local stale, done, refused = {}, {}, {}
local handed_back, released = false, {}
-- Plain successes come after the others and after what is not known, since their leases stay until the end: of two
-- outcomes for one attempt only one may count.
for i = ended_from, ended_to, 6 do
  local outcome, id, token, wait, counted, text = unpack(ARGV, i, i + 5)
  handed_back = handed_back or outcome == 'release' or outcome == 'retry'
  if not conclude(worker, outcome, id, token, tonumber(wait), counted, text, rare, now, released, freed) then
    stale[#stale + 1] = id
  end
end
for _, ids in pairs(released) do
  table.sort(ids, function(a, b) return older(b, a) end)
end
if next(released) then
  push_groups(released, now, 'LPUSH', roused)
end
if ARGV[5] == '1' then
  local known = {}
  for i = running_from, running_to, 2 do
    known[ARGV[i]] = ARGV[i + 1]
  end
  handed_back = reconcile(worker, known, rare.cancels, now, freed, roused, tonumber(claim)) > 0 or handed_back
end
if commits[1] then
  commit_runs(worker, commits, involved, rare, stale, refused, done, freed, now)
end
for _, run in ipairs(runs) do
  complete(worker, run[1], ARGV, run[2], run[3], rare, stale, done, freed, now)
end

-- Take over. After a silence of the server, the living get half a lease to report before anyone is given up.
local oldest, lost = redis.call('ZRANGE', workers, 0, 1, 'WITHSCORES'), false
local score = tonumber(oldest[2])
if score < 0 or (score < now and now - awake >= lease / 2) then
  lost = true
  takeover(oldest[1], now, freed)
end
if next(freed) then
  free(freed, gate, roused)
end
if commits[1] then
  local plan = { entering = {}, ready = {}, earlier = {} }
  store_runs(involved, plan, now, rare.limits and gate or nil, rare.connections)
  enter(plan.entering, now)
  for _, queues in ipairs({ plan.ready, plan.earlier }) do
    for queue in pairs(queues) do
      roused[queue] = true
    end
  end
end

local function not_idle()
  for i = queues_from, queues_to do
    redis.call('SREM', key('idle', ARGV[i]), worker)
  end
end

local reply, tried = { 'ok', string.format('%.0f', now), '0', 0 }, {}
local head = #reply

-- Claim.
local claims = { worker = worker, claim = claim, reply = reply, leases = {}, tried = tried }
local leases, more, looked = claims.leases, false, {}
if room > 0 then
  if rare.inbox then
    intake(rare.limits and gate or nil, now)
    rare.bonds, rare.expires = redis.call('EXISTS', key('bonds')) == 1, true
  end
  if rare.limits then
    sweep(gate, roused)
  end
  claims.troubled = rare.tries or lost or (ended_to >= ended_from and redis.call('EXISTS', key('tries')) == 1)
  local paused = {}
  for _, target in ipairs(rare.paused and redis.call('HKEYS', key('paused')) or {}) do
    paused[target] = true
  end
  local known
  if kinds_to >= kinds_from then
    known = {}
    for i = kinds_from, kinds_to do
      known[ARGV[i]] = true
    end
  end
  local bounds = {}
  for i = bounds_from, bounds_to, 2 do
    bounds[ARGV[i]] = tonumber(ARGV[i + 1])
  end
  local choosy = known or next(paused) or next(bounds)
  local function serves(kind)
    return (not known or known[kind]) and not paused['kind:' .. kind]
  end
  local function takes(kind)
    if not serves(kind) or bounds[kind] == 0 then
      return false
    end
    if bounds[kind] then
      bounds[kind] = bounds[kind] - 1
    end
    return true, bounds[kind] ~= nil
  end
  -- Taken back: it only waits elsewhere now.
  function claims.untake(kind)
    bounds[kind] = bounds[kind] + 1
  end

  -- The rings to claim from: each queue, and those of its kinds that were set aside and are taken here.
  local rings = {}
  for i = queues_from, queues_to do
    local queue = ARGV[i]
    promote(queue, now, rare.expires)
    if rare.limits then
      refill(queue, math.min(200, math.max(room, 16)), gate, roused)
    end
    if not paused['queue:' .. queue] then
      for _, kind in ipairs(redis.call('SMEMBERS', key('kinds', queue))) do
        local ring = queue .. '|' .. kind
        if serves(kind) and bounds[kind] ~= 0 then
          rings[#rings + 1] = { ring, queue, kind }
        elseif serves(kind) and redis.call('EXISTS', key('turn', ring)) == 1 then
          -- Told of it, perhaps, and without room for this kind: the hint is for another one.
          roused[ring] = true
        end
      end
      rings[#rings + 1] = { queue, queue }
    end
  end

  -- Rings share the room: first an equal part each, beginning with another one each time, then what is left.
  local first = #rings > 0 and (tonumber(claim) or 0) % #rings or 0
  local part = math.ceil(room / math.max(#rings, 1))
  -- Once more for rings in which limits have let lanes go meanwhile.
  for pass = 1, 3 do
    local is_due = pass == 1 or (pass == 2 and #rings > 1) or next(gate.again)
    for i = 1, is_due and #rings or 0 do
      local ring = rings[(first + i - 1) % #rings + 1]
      local limit = pass == 1 and math.min(part, room) or room
      if ring[3] and bounds[ring[3]] then
        limit = math.min(limit, bounds[ring[3]])
      end
      if limit > 0 and (not ring.empty or gate.again[ring[1]]) then
        gate.again[ring[1]] = nil
        local before = #reply
        local got, left = claim_ring(ring[1], limit, choosy and takes, claims, now, rare.limits and gate)
        room = room - got
        if got > 0 and (rare.bonds or rare.expires) then
          local ids = {}
          for place = before + 1, #reply, 2 do
            ids[#ids + 1] = reply[place]
          end
          if rare.bonds then
            untie_all(ids, 1, #ids, 'start', now)
          end
          if rare.expires then
            redis.call('ZREM', key('expiring', ring[2]), unpack(ids))
          end
        end
        ring.empty = not left
      end
    end
  end
  if rare.limits then
    -- Offered, and not within reach of this claim: they take turns, for others.
    for _, due in pairs(room > 0 and gate.due or {}) do
      local lanes = {}
      for i = 1, #due, 2 do
        lanes[#lanes + 1] = gate.line[due[i]] and due[i] or nil
      end
      out_of_line(gate, lanes)
      rouse(lanes, now, roused)
    end
    settle(gate)
  end
  for _, ring in ipairs(rings) do
    looked[ring[1]] = true
  end
  for i = 1, #leases, 2000 do
    redis.call('HSET', key('held', worker), unpack(leases, i, math.min(i + 1999, #leases)))
  end

  -- A full worker is not idle; what it leaves behind is somebody else's to look at.
  if room == 0 then
    not_idle()
  end
  for _, ring in ipairs(rings) do
    -- Not looked at, for lack of room, or lanes have come back since.
    if ring.empty == nil or gate.again[ring[1]] then
      ring.empty = redis.call('EXISTS', key('turn', ring[1])) == 0
    end
    if not ring.empty then
      more = true
      wake(ring[2], ring[3], worker)
    end
  end
else
  not_idle()
end

for _, leases_done in ipairs(done) do
  redis.call('HDEL', key('held', worker), unpack(leases_done[1], leases_done[2], leases_done[3]))
end

-- Lanes that were woken elsewhere, also in its own queues for kinds that it does not take now.
for i = queues_from, queues_to do
  if roused[ARGV[i]] then
    handed_back, roused[ARGV[i]] = true, nil
  end
end
for ring in pairs(looked) do
  roused[ring] = nil
end
if next(roused) then
  wake_rings(roused, worker)
end

-- With room it is idle: say so, and learn when to look again. Without, what was handed back, comes back later or is due
-- is for others to look at; what comes due later is told all the same, for this worker may be the only one to know.
local due = more and room > 0 and now or nil
for i = queues_from, queues_to do
  local queue = ARGV[i]
  local delayed = tonumber(redis.call('ZRANGE', key('delayed', queue), 0, 0, 'WITHSCORES')[2])
  local soonest = delayed
  if rare.limits or rare.expires or next(gate.limits) then
    for _, name in ipairs({ 'refill', 'expiring' }) do
      local moment = tonumber(redis.call('ZRANGE', key(name, queue), 0, 0, 'WITHSCORES')[2])
      if moment and (not soonest or moment < soonest) then
        soonest = moment
      end
    end
  end
  if room > 0 then
    redis.call('SADD', key('idle', queue), worker)
  elseif handed_back or (soonest and soonest <= now) then
    wake(queue)
  end
  if soonest and (not due or soonest < due) and (room > 0 or soonest > now) then
    due = soonest
  end
end
if room > 0 then
  -- The next lease of another worker to expire, if nothing is heard of it.
  local leases_of = lost and redis.call('ZRANGE', workers, 0, 1, 'WITHSCORES') or oldest
  local other = leases_of[1] == worker and 4 or 2
  if leases_of[other] then
    local moment = math.max(tonumber(leases_of[other]), awake + lease / 2)
    if not due or moment < due then
      due = moment
    end
  end
end
local schedules, soonest = {}, tonumber(tick[2])
if soonest and soonest <= now and ARGV[6] == '1' then
  schedules, soonest = hand_out(now)
end
if soonest and ARGV[6] == '1' and (not due or soonest < due) and (soonest > now or room > 0) then
  due = soonest > now and math.min(keep_tick(worker, soonest), due or math.huge) or soonest
end
reply[3], reply[4] = string.format('%.0f', due or 0), #reply - head
for _, list_of in ipairs({ stale, tried, refused, schedules }) do
  reply[#reply + 1] = #list_of
  for _, item in ipairs(list_of) do
    reply[#reply + 1] = item
  end
end
return reply
