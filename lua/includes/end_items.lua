--- end_items: counts items of a fan-out as ended, each once in each opening, keeps its result (or its error), queues
--- the next ones, and the gathering when none is left. `list` has tables of number, whether it failed, whether it stops
--- the others, and result or error.
--@include key
--@include fan_facts
--@include fan_text
--@include next_item
--@include queue_task
local function end_items(trial, step, item_head, item_text, head, text, list)
  local fan = fan_facts(trial, step)
  if not fan then
    return
  end
  local items, before = trial.items[step] or {}, trial.run.items[step]
  trial.items[step] = items
  local has_ended = false
  for _, item in ipairs(list) do
    local name, failed = string.format('%d', item[1]), item[2]
    local sign, opening = string.match(items[name] or before[name] or '', '^([+-])(%d+) ')
    if sign ~= '+' and not (sign and tonumber(opening) == fan.opening) then
      has_ended = true
      fan.done, fan.flight, fan.failed = fan.done + 1, fan.flight - 1, fan.failed + (failed and 1 or 0)
      items[name] = (failed and '-' or '+') .. fan.opening .. ' ' .. item[4]
      if failed then
        trial.deeds[#trial.deeds + 1] = { 'broken', step, name }
      elseif sign then
        trial.deeds[#trial.deeds + 1] = { 'mended', step, name }
      end
      if item[3] then
        fan.stopped = 1
        if fan.again then
          -- What has not been done again stays failed.
          local left = redis.call('ZCOUNT', key('broken', trial.run.id .. ':' .. step), '(' .. fan.again, '+inf')
          fan.done, fan.failed, fan.again = fan.done + left, fan.failed + left, nil
        end
      end
      next_item(trial, step, fan, item_head, item_text)
    end
  end
  if has_ended then
    if fan.flight == 0 then
      queue_task(trial, head, text)
    end
    trial.changed['n:' .. step] = fan_text(fan)
  end
end
