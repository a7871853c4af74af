--- fire: enqueues one of the callbacks of a batch (`success`, `failure` or `done`), once: its field is `id LF
--- record`.
--@include key
--@include record_lane
--@include push_groups
--@include wake
local function fire(batch, name, now)
  local id, record = string.match(redis.call('HGET', key('batch', batch), name) or '', '^([^\n]*)\n(.*)$')
  if not id then
    return
  end
  redis.call('HDEL', key('batch', batch), name)
  redis.call('HDEL', key('awaits'), id)
  redis.call('HSET', key('tasks'), id, record)
  local lane, _, queue = record_lane(record)
  push_groups({ [lane] = { id } }, now)
  wake(queue)
end
