--- known_as: the id of the task that stands for this enqueue already, by its idempotency key or its unique key, or
--- nil. A lock whose holder is no more does not count.
--@include key
local function known_as(asked)
  local known = asked.k and redis.call('GET', key('dedupe', asked.k))
  if not known and asked.u then
    local id, what = string.match(redis.call('GET', key('unique', string.sub(asked.u, 2))) or '', '^([^\t]*)\t?(.*)$')
    known = id and (what == 'p' or redis.call('HEXISTS', key('tasks'), id) == 1) and id
  end
  return known or nil
end
