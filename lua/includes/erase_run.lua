--- erase_run: removes what a run was about and no step has. The output of the plan takes the place of the field `left`:
--- input (i), a machine's object (b), or '' where nothing is left.
local function erase_run(trial, left)
  for _, field in ipairs({ 'i', 'b', 'u' }) do
    trial.changed[field] = field == left and trial.plan.output
  end
  trial.facts.callback = 0
  trial.deeds[#trial.deeds + 1] = { 'forget' }
end
