--- load_runs: reads what commits look at in their runs (see `look_at`): into `run.fields`, absent ones false, and the
--- facts into `run.facts`, nil where there is no such run.
--@include key
--@include run_facts
local function load_runs(runs)
  local function read(name, wanted, into)
    local names = {}
    for field in pairs(wanted) do
      names[#names + 1] = field
    end
    for from = 1, #names, 1000 do
      local values = redis.call('HMGET', name, unpack(names, from, math.min(from + 999, #names)))
      for i, value in ipairs(values) do
        into[names[from + i - 1]] = value
      end
    end
  end
  for _, run in ipairs(runs) do
    read(key('run', run.id), run.wanted, run.fields)
    run.facts = run.fields.f and run_facts(run.fields.f) or nil
    for step, items in pairs(run.items) do
      read(key('items', run.id .. ':' .. step), items, items)
    end
  end
end
