--- fan_text: a fan-out as field `n:<step>` of its run: tasks, the next one, done, failed, in flight, 1 if it has
--- stopped, the last item that was done again (`-`: none is, or none is left), how often it was opened.
local function fan_text(fan)
  return string.format('%d %d %d %d %d %d %s %d', fan.total, fan.next, fan.done, fan.failed, fan.flight, fan.stopped,
    fan.again and string.format('%d', fan.again) or '-', fan.opening)
end
