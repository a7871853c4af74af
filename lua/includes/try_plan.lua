--- try_plan: applies a plan to a run as `load_runs` has read it, if the run still has the revision that the plan was
--- made for and is where the effects expect it. Returns false if not; nothing has changed then. What it does is kept
--- in the run, for `store_runs` to write, and runs that it starts are added to `runs`. `by` and the plan's error go
--- into the history beside what moved.
--@include apply_effects
--@include new_run
local function try_plan(run, plan, revision, by, runs, now)
  if not run.facts or run.facts.revision ~= revision then
    return false
  end
  local facts = {}
  for name, value in pairs(run.facts) do
    facts[name] = value
  end
  local trial = {
    run = run, plan = plan, facts = facts, changed = {}, tasks = {}, deeds = {}, items = {}, moves = {}, taken = {},
    children = {}, vars = {},
  }
  if not apply_effects(trial, plan.effects) then
    return false
  end
  run.facts = facts
  for name, value in pairs(trial.changed) do
    run.fields[name], run.dirty[name] = value, true
  end
  for step, items in pairs(trial.items) do
    for name, value in pairs(items) do
      run.items[step][name] = value
    end
    run.deeds[#run.deeds + 1] = { 'items', step, items }
  end
  if next(trial.vars) then
    table.insert(run.deeds, { 'vars', trial.vars })
  end
  for _, list in ipairs({ 'tasks', 'deeds' }) do
    for _, one in ipairs(trial[list]) do
      table.insert(run[list], one)
    end
  end
  for name, count in pairs(trial.taken) do
    run.taken[name] = (run.taken[name] or 0) + count
  end
  for _, child in ipairs(trial.children) do
    new_run(runs, child.id, child.fields, child.awaited, by, now)
  end
  if trial.moves[1] then
    table.insert(run.history, { by, table.concat(trial.moves, '\n'), plan })
  end
  return true
end
