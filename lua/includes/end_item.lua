--- end_item: counts an item of a fan-out as ended, once in each opening, keeps its result (or its error), queues the
--- next item, and the gathering when none is left.
--@include key
--@include fan_facts
--@include fan_text
--@include next_item
--@include queue_task
local function end_item(trial, step, index, failed, stops, item_head, item_text, head, text)
  local fan, name = fan_facts(trial, step), string.format('%d', index)
  if not fan then
    return
  end
  local value = trial.items[step] and trial.items[step][name] or trial.run.items[step][name]
  local sign, opening = string.match(value or '', '^([+-])(%d+) ')
  if sign == '+' or (sign and tonumber(opening) == fan.opening) then
    return
  end
  fan.done, fan.flight, fan.failed = fan.done + 1, fan.flight - 1, fan.failed + failed
  trial.items[step] = trial.items[step] or {}
  trial.items[step][name] = (failed == 1 and '-' or '+') .. string.format('%d ', fan.opening)
    .. (failed == 1 and trial.plan.error or trial.plan.output)
  if failed == 1 then
    trial.deeds[#trial.deeds + 1] = { 'broken', step, name }
  elseif sign then
    trial.deeds[#trial.deeds + 1] = { 'mended', step, name }
  end
  if stops == 1 then
    fan.stopped = 1
    if fan.again then
      -- What has not been done again stays failed.
      local left = redis.call('ZCOUNT', key('broken', trial.run.id .. ':' .. step), '(' .. fan.again, '+inf')
      fan.done, fan.failed, fan.again = fan.done + left, fan.failed + left, nil
    end
  end
  next_item(trial, step, fan, item_head, item_text)
  if fan.flight == 0 then
    queue_task(trial, head, text)
  end
  trial.changed['n:' .. step] = fan_text(fan)
end
