--- fan_facts: a fan-out of a run, as `fan_text` writes it, or nil.
--@include trial_field
local function fan_facts(trial, step)
  local text = trial_field(trial, 'n:' .. step)
  if not text then
    return nil
  end
  local names, fan, at = { 'total', 'next', 'done', 'failed', 'flight', 'stopped', 'again', 'opening' }, {}, 0
  for word in string.gmatch(text, '[^ ]+') do
    at = at + 1
    fan[names[at]] = tonumber(word)
  end
  return fan
end
