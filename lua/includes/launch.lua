--- launch: queues a task if its step is in one of the states `from` (letters), and moves the step.
--@include step_state
--@include set_step
--@include queue_task
local function launch(trial, head, text, step, from, to)
  if string.find(from, step_state(trial, step), 1, true) then
    set_step(trial, step, to, '')
    trial.facts.open = trial.facts.open + 1
    queue_task(trial, head, text)
  end
end
