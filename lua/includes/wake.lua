--- wake: tells one idle worker of a queue that there is work (one that takes `kind`, where given, and other than
--- `me`). A hint: when it is lost, a worker's own poll finds the work.
--@include key
local function wake(queue, kind, me)
  local idle = key('idle', queue)
  if not kind then
    local worker = redis.call('SPOP', idle)
    if worker then
      redis.call('RPUSH', key('wake', worker), 'work')
    end
    return
  end
  for _, worker in ipairs(redis.call('SRANDMEMBER', idle, 8)) do
    if worker ~= me then
      local takes = redis.call('HMGET', key('worker', worker), 'any', 'kind:' .. kind)
      if takes[1] or takes[2] then
        redis.call('SREM', idle, worker)
        redis.call('RPUSH', key('wake', worker), 'work')
        return
      end
    end
  end
end
