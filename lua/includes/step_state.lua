--- step_state: the letter of a step's state in a run, and the branch behind it.
--@include trial_field
local function step_state(trial, step)
  local text = trial_field(trial, 's:' .. step) or 'p'
  return string.sub(text, 1, 1), string.sub(text, 2)
end
