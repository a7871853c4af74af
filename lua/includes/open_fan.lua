--- open_fan: opens a fan-out, of `count` tasks (their list, output of the plan, is kept in field `v:<step>`) or (mode
--- `rest`) with those that failed or were never begun, and queues the first `window` of its items; with none, the
--- gathering.
--@seldom
--@include fan_facts
--@include fan_text
--@include next_item
--@include queue_task
local function open_fan(trial, step, mode, count, window, item_head, item_text, head, text)
  local fan = fan_facts(trial, step)
  if mode == 'all' then
    trial.deeds[#trial.deeds + 1] = { 'fan', step, fan ~= nil }
    fan = { total = count, next = 0, done = 0, failed = 0, flight = 0, stopped = 0, opening = 1 }
    trial.changed['v:' .. step] = trial.plan.output
  elseif not fan then
    return
  else
    fan.done, fan.failed, fan.stopped, fan.again, fan.opening = fan.done - fan.failed, 0, 0, -1, fan.opening + 1
  end
  for _ = 1, window do
    next_item(trial, step, fan, item_head, item_text)
  end
  if fan.flight == 0 then
    queue_task(trial, head, text)
  end
  trial.changed['n:' .. step] = fan_text(fan)
end
