--- start_run: stores a new run and applies the plan of its start. Sending it again with the same token changes nothing
--- and is answered as the first time, for 30 s.
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] token: names this call
--- ARGV[2] run: id
--- ARGV[3] workflow: its name
--- ARGV[4] shape: digest of its shape (see keep_shape)
--- ARGV[5] input: payload
--- ARGV[6] foreign: if not '', an id from outside of which the workflow has one live run
--- ARGV[7] head: of the record of any of its tasks: kind, queue, tenant and priority
--- ARGV[8] callback: '+' and whom it tells of its moves, or '' for nobody
--- ARGV[9] tags: with TABs between them, or ''
--- ARGV[10] retention: ms for which it is kept when it has ended, or '' for as long as nobody removes it
--- ARGV[11] by: who asks, for the history
--- ARGV[12] extras: of those in includes/extras.lua `k`, `p` and `f`
--- ARGV[13] plan...: see includes/read_plan.lua
--- returns: now (ms); 'started' or 'live' (a live run has the foreign id, or one was started with the idempotency key);
---   the facts of the run, for 'live' the id of that one
--- errors: NOSHAPE there is no such shape; IDTAKEN there is a run of this id; UNFIT the plan is not one of a start;
---   ROLELOST the role that the call acts for is not held
--@include key
--@include number
--@include clock
--@include open_run
--@include extras
--@include holds_role
--@include read_plan
--@include look_at
--@include run_facts
--@include run_text
--@include try_plan
--@include store_runs
--@include run_gate
--@include finish_plan
local plan = read_plan(13)
if not string.find(ARGV[7], '^[^\t]+\t[^\t]+\t[^\t]*\t') then
  return redis.error_reply('BADCALL head (argument 7) is none')
end
if ARGV[10] ~= '' then
  number(10, 'retention')
end
local more = extras(ARGV[12])
if not more then
  return redis.error_reply('BADCALL extras (argument 12) are wrong')
end
local now, _, us = clock()
local moment, sent = string.format('%.0f', now), key('sent', ARGV[1])
local before = redis.call('GET', sent)
if before then
  local answer, rest = string.match(before, '^(%l+) (.*)$')
  return { moment, answer, rest }
end
if more.f and not holds_role(more.f, now) then
  return redis.error_reply('ROLELOST ' .. more.f)
end
-- TAB: no idempotency key of a job is like it.
local dedupe = more.k and key('dedupe', '\ts' .. more.k)
local known = dedupe and redis.call('GET', dedupe)
if known then
  return { moment, 'live', known }
end
if redis.call('EXISTS', key('run', ARGV[2])) == 1 then
  return redis.error_reply('IDTAKEN ' .. ARGV[2])
end
if redis.call('HEXISTS', key('shapes'), ARGV[4]) == 0 then
  return redis.error_reply('NOSHAPE ' .. ARGV[4])
end
local name = ARGV[6] ~= '' and ARGV[3] .. '\t' .. ARGV[6]
local holder = name and redis.call('HGET', key('foreign'), name)
if holder then
  redis.call('SET', sent, 'live ' .. holder, 'EX', 30)
  if dedupe then
    redis.call('SET', dedupe, holder, 'PX', more.p)
  end
  return { moment, 'live', holder }
end
local runs = {}
local run = open_run(runs, ARGV[2])
look_at(run, plan.effects)
for field in pairs(run.wanted) do
  run.fields[field] = false
end
run.facts = run_facts(string.format('p 0 1 - 0 0 0 %d 0 0 0 %.0f 0', ARGV[8] ~= '' and 1 or 0, now))
local fields = { w = ARGV[3], d = ARGV[4], h = ARGV[7], t = ARGV[9], r = ARGV[10], x = name or '' }
for field, value in pairs(fields) do
  if value ~= '' then
    run.fields[field], run.dirty[field] = value, true
  end
end
run.fields.i, run.dirty.i = ARGV[5], true
if ARGV[8] ~= '' then
  run.fields.u, run.dirty.u = string.sub(ARGV[8], 2), true
end
if not try_plan(run, plan, 0, ARGV[11], runs, now) then
  return redis.error_reply('UNFIT the plan does not start a run')
end
local todo = { entering = {}, ready = {}, earlier = {} }
local gate, connected = run_gate(now, us)
if name then
  table.insert(run.deeds, 1, { 'hold', name })
end
store_runs(runs, todo, now, gate, connected)
finish_plan(todo, now)
local facts = run_text(run.facts)
redis.call('SET', sent, 'started ' .. facts, 'EX', 30)
if dedupe then
  redis.call('SET', dedupe, run.id, 'PX', more.p)
end
return { moment, 'started', facts }
