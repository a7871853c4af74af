--- await_signal: if a signal of this name is buffered, takes it and queues the task; else the step is in line for the
--- next one: fields `g:<name>`, steps with TABs between them, and `w:<step>`, `name LF head LF text of the task`.
--@include key
--@include trial_field
--@include queue_task
local function await_signal(trial, name, step, head, text)
  local run = trial.run
  local signals = key('signals', run.id)
  local first, last = string.match(redis.call('HGET', signals, name) or '', '^(%d+) (%d+)$')
  first = first and first + (run.taken[name] or 0) + (trial.taken[name] or 0)
  if first and first <= tonumber(last) then
    trial.taken[name] = (trial.taken[name] or 0) + 1
    trial.deeds[#trial.deeds + 1] = { 'take', name }
    queue_task(trial, head, text, '', redis.call('HGET', signals, name .. '\t' .. string.format('%d', first)))
    return
  end
  local line = trial_field(trial, 'g:' .. name)
  trial.changed['g:' .. name] = (line and line .. '\t' or '') .. step
  trial.changed['w:' .. step] = name .. '\n' .. trial.plan.heads[head] .. '\n' .. text
end
