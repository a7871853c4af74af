--- end_batch: ends a batch that is sealed and has no member left. Callbacks that have not fired by then never will.
--- Returns its parent, if it ended now and has one, and whether all of it succeeded.
--@include key
--@include fire
local function end_batch(batch, now)
  local name = key('batch', batch)
  local known = redis.call('HMGET', name, 'open', 'ended', 'failed', 'parent', 'keep')
  if known[1] or known[2] or not known[5] or redis.call('EXISTS', key('members', batch)) == 1 then
    return nil, false
  end
  local ok = tonumber(known[3] or 0) == 0
  redis.call('HSET', name, 'ended', string.format('%.0f', now))
  if ok then
    fire(batch, 'success', now)
  end
  fire(batch, 'done', now)
  for _, callback in ipairs({ 'success', 'failure' }) do
    local id = string.match(redis.call('HGET', name, callback) or '', '^[^\n]*')
    if id then
      redis.call('HDEL', key('awaits'), id)
      redis.call('HDEL', name, callback)
    end
  end
  redis.call('PEXPIRE', name, known[5])
  return known[4], ok
end
