--- take_signal: gives a signal to the first step in line for its name that still waits, or buffers it. What it brings
--- is the output of the plan. Whether a step took it is noted in the plan as `is_taken`.
--@include trial_field
--@include step_state
--@include queue_task
--@include record_lane
local function take_signal(trial, name)
  local line, rest, is_taken, plan = trial_field(trial, 'g:' .. name) or '', {}, false, trial.plan
  for step in string.gmatch(line, '[^\t]+') do
    local known, head, text = string.match(trial_field(trial, 'w:' .. step) or '', '^([^\n]*)\n([^\n]*)\n([^\n]*)$')
    if is_taken then
      rest[#rest + 1] = step
    elseif known == name then
      trial.changed['w:' .. step] = false
      if step_state(trial, step) == 'w' then
        is_taken = true
        plan.heads[1], plan.lanes[1] = head, record_lane(head)
        queue_task(trial, 1, text, '', plan.output)
      end
    end
  end
  trial.changed['g:' .. name] = rest[1] and table.concat(rest, '\t') or false
  if not is_taken then
    trial.deeds[#trial.deeds + 1] = { 'buffer', name, plan.output }
  end
  plan.is_taken = is_taken
end
