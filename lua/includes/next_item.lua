--- next_item: queues the next item of a fan-out that has not stopped, if there is one: first those that are done
--- again, which are the failed ones of the opening before, then those never begun.
--@include key
--@include queue_task
local function next_item(trial, step, fan, head, text)
  if fan.stopped == 1 then
    return
  end
  local index
  if fan.again then
    local broken = key('broken', trial.run.id .. ':' .. step)
    index = tonumber(redis.call('ZRANGE', broken, '(' .. fan.again, '+inf', 'BYSCORE', 'LIMIT', 0, 1)[1])
    fan.again = index
  end
  if not index and fan.next < fan.total then
    index, fan.next = fan.next, fan.next + 1
  end
  if index then
    fan.flight = fan.flight + 1
    queue_task(trial, head, text .. string.format('%d', index))
  end
end
