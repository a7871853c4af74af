--- try_plan: applies a plan to a run as `load_runs` has read it, if the run still has the revision that the plan was
--- made for and is where the effects expect it. Returns false if not; nothing has changed then. What it does is kept
--- in the run, for `store_runs` to write. `by` and the plan's error go into the history beside what moved.
--@include apply_effects
local function try_plan(run, plan, revision, by)
  if not run.facts or run.facts.revision ~= revision then
    return false
  end
  local facts = {}
  for name, value in pairs(run.facts) do
    facts[name] = value
  end
  local trial = {
    run = run, plan = plan, facts = facts, changed = {}, tasks = {}, deeds = {}, items = {}, moves = {},
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
  for _, list in ipairs({ 'tasks', 'deeds' }) do
    for _, one in ipairs(trial[list]) do
      table.insert(run[list], one)
    end
  end
  if trial.moves[1] then
    table.insert(run.history, { by, table.concat(trial.moves, '\n'), plan.error })
  end
  return true
end
