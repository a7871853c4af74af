--- new_run: adds to `runs` a run that is pending, with the task that starts it: only a worker with the workflow can
--- plan its start. `fields` are those of its hash: workflow `w`, shape `d`, input `i`, head `h` and others. `awaited`
--- is 1 if another run is told of its end.
--@seldom
--@include open_run
--@include run_facts
--@include record_lane
local function new_run(runs, id, fields, awaited, by, now)
  local run, head = open_run(runs, id), fields.h .. '\tw=' .. id
  run.facts = run_facts(string.format('p 0 1 - 0 0 0 %d %d 0 1 %.0f 0', fields.u and 1 or 0, awaited, now))
  run.tasks[1] = { lane = record_lane(head), id = id .. '-a1', record = head .. '\n1\tstart\t0', start = '' }
  run.history[1] = { by, 'rp', {} }
  for name, value in pairs(fields) do
    run.fields[name], run.dirty[name] = value, true
  end
end
