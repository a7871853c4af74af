--- erase_step: removes what a step has left: output, errors, and unless its items are kept its fan-out with list and
--- results.
--@include trial_field
local function erase_step(trial, step, keeps_items)
  local changed = trial.changed
  for _, field in ipairs({ 'o:', 'e:', 'z:' }) do
    changed[field .. step] = false
  end
  if not keeps_items and trial_field(trial, 'n:' .. step) then
    changed['n:' .. step], changed['v:' .. step] = false, false
    trial.deeds[#trial.deeds + 1] = { 'unfan', step }
  end
end
