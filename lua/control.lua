--- control: does to a run what a client asks for: applies a plan that was made for this revision of the run, all or
--- none. Sending it again with the same token changes nothing and is answered as the first time, for 30 s.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] token: names this call
--- ARGV[2] run: id
--- ARGV[3] revision: of the facts that the plan was made of
--- ARGV[4] by: who asks, for the history
--- ARGV[5] plan...: see includes/read_plan.lua
--- returns: now (ms); 'applied', 'conflict' (planned for another state), 'taken' (another live run has its foreign id)
---   or 'unknown'; the facts of the run, for 'taken' the id of the other
--@include key
--@include number
--@include clock
--@include open_run
--@include read_plan
--@include look_at
--@include load_runs
--@include try_plan
--@include run_text
--@include store_runs
--@include run_gate
--@include finish_plan
local revision, plan = number(3, 'revision'), read_plan(5)
local now, _, us = clock()
local moment, sent = string.format('%.0f', now), key('sent', ARGV[1])
local before = redis.call('GET', sent)
if before then
  return { moment, 'applied', before }
end
local runs = {}
local run = open_run(runs, ARGV[2])
look_at(run, plan.effects)
load_runs(runs)
if not run.facts then
  return { moment, 'unknown', '' }
end
if not try_plan(run, plan, revision, ARGV[4], runs, now) then
  return { moment, run.rival and 'taken' or 'conflict', run.rival or run.fields.f }
end
local todo = { entering = {}, ready = {}, earlier = {} }
local gate, connected = run_gate(now, us)
store_runs(runs, todo, now, gate, connected)
finish_plan(todo, now)
local facts = run_text(run.facts)
redis.call('SET', sent, facts, 'EX', 30)
return { moment, 'applied', facts }
