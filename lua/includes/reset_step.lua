--- reset_step: sets a step back, to the state `to`, with these counts at its join. What belongs to it goes, its fan-out
--- only if that is not kept. Its timers went when the round began.
--@include step_state
--@include set_step
--@include erase_step
local function reset_step(trial, step, to, taken, missed, keeps)
  local changed = trial.changed
  if step_state(trial, step) ~= to then
    set_step(trial, step, to, '')
  end
  changed['j:' .. step] = taken + missed > 0 and string.format('%d %d', taken, missed) or false
  for _, field in ipairs({ 'k:', 'w:', 'c:' }) do
    changed[field .. step] = false
  end
  erase_step(trial, step, keeps == 1)
end
