--- keep_result: keeps what became of a task for as long as it asked (option `r`, ms): `state TAB when LF bytes`.
--@include key
local function keep_result(id, state, now, bytes, retain)
  if retain and retain > 0 then
    local value = state .. '\t' .. string.format('%.0f', now) .. '\n' .. bytes
    redis.call('SET', key('result', id), value, 'PX', string.format('%.0f', retain))
  end
end
