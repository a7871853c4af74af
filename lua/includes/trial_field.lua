--- trial_field: a field of a run as a commit sees it that is being tried: false if it is absent.
local function trial_field(trial, name)
  local value = trial.changed[name]
  if value == nil then
    value = trial.run.fields[name]
  end
  return value
end
