--- trial_field: a field of a run as a commit sees it that is being tried: false if it is absent. Mostly it was read
--- beforehand with others (see `look_at`).
--@include key
local function trial_field(trial, name)
  local value, run = trial.changed[name], trial.run
  if value == nil then
    if run.fields[name] == nil then
      run.fields[name] = redis.call('HGET', key('run', run.id), name)
    end
    value = run.fields[name]
  end
  return value
end
