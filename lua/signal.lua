--- signal: gives a signal to the step of a run that waits for it, or buffers it for the next that will. Sending it
--- again with the same token changes nothing and is answered as the first time, for 30 s.
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] token: names this call
--- ARGV[2] run: id
--- ARGV[3] name: of the signal
--- ARGV[4] payload: what it brings
--- ARGV[5] by: who sends it
--- ARGV[6] most: how many signals a run buffers
--- ARGV[7] extras: of those in includes/extras.lua `k`, `p` and `f`
--- returns: now (ms); 'taken', 'buffered', 'ended' (the run), 'full' (it buffers as many as it may) or 'unknown'; ''.
---   With an idempotency key that is known, what was answered first
--- errors: ROLELOST the role that the call acts for is not held
--@include key
--@include number
--@include clock
--@include extras
--@include holds_role
--@include open_run
--@include load_runs
--@include try_plan
--@include store_runs
--@include run_gate
--@include finish_plan
local most = number(6, 'most')
local more = extras(ARGV[7])
if not more then
  return redis.error_reply('BADCALL extras (argument 7) are wrong')
end
local now, _, us = clock()
local moment, sent = string.format('%.0f', now), key('sent', ARGV[1])
local before = redis.call('GET', sent)
if before then
  return { moment, before, '' }
end
if more.f and not holds_role(more.f, now) then
  return redis.error_reply('ROLELOST ' .. more.f)
end
local dedupe = more.k and key('dedupe', '\tg' .. more.k)
local known = dedupe and redis.call('GET', dedupe)
if known then
  return { moment, known, '' }
end
local runs = {}
local run = open_run(runs, ARGV[2])
run.wanted['g:' .. ARGV[3]] = true
load_runs(runs)
if not run.facts then
  return { moment, 'unknown', '' }
end
if string.find(run.facts.state, '%u') then
  return { moment, 'ended', '' }
end
-- Each has a field, and each name one more.
if redis.call('HLEN', key('signals', run.id)) >= most then
  return { moment, 'full', '' }
end
local plan = { error = '', output = ARGV[4], heads = {}, lanes = {}, effects = { { 'signal', ARGV[3] } } }
try_plan(run, plan, run.facts.revision, ARGV[5], runs, now)
local todo = { entering = {}, ready = {}, earlier = {} }
local gate, connected = run_gate(now, us)
store_runs(runs, todo, now, gate, connected)
finish_plan(todo, now)
local answer = plan.is_taken and 'taken' or 'buffered'
redis.call('SET', sent, answer, 'EX', 30)
if dedupe then
  redis.call('SET', dedupe, answer, 'PX', more.p)
end
return { moment, answer, '' }
