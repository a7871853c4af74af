--- is_attended: whether a worker that is alive, or was 15 s ago, takes from a queue; from any queue if it is nil.
--@include key
local function is_attended(queue, now)
  local oldest = string.format('%.0f', now - 15000)
  for _, worker in ipairs(redis.call('ZRANGE', key('workers'), oldest, '+inf', 'BYSCORE')) do
    local queues = queue and redis.call('HGET', key('worker', worker), 'queues') or ''
    if not queue or string.find('\n' .. queues .. '\n', '\n' .. queue .. '\n', 1, true) then
      return true
    end
  end
  return false
end
