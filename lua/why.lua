--- why: what a task waits for, as facts to make a sentence of.
--- flags: no-writes,allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] id: task
--- ARGV[2] depth: how far down its lane (number of tasks) its position is looked for
--- returns: flat array of name, value: always `state`; as they apply `batch`, `members` (of a callback that waits);
---   `due`; `worker`; `since`; `kind`, `queue`, `tenant`, `position`, `length`, `ahead` (tenants before it),
---   `limit`, `terms`, `held`, `paid` (us), `holder` (each), `now`, `queue_paused`, `kind_paused` (`who TAB ms`),
---   `workers` (live ones of the queue that take the kind), `unique` (each)
--@include key
--@include number
--@include lane_parts
--@include record_lane
--@include lanes_of
local id, depth = ARGV[1], number(2, 'depth')
local facts = {}
local function tell(name, value)
  facts[#facts + 1] = name
  facts[#facts + 1] = tostring(value)
end
local record = redis.call('HGET', key('tasks'), id)
if not record then
  local batch = redis.call('HGET', key('awaits'), id)
  if batch then
    tell('state', 'awaited')
    tell('batch', batch)
    tell('members', redis.call('SCARD', key('members', batch)))
    return facts
  end
  tell('state', string.match(redis.call('GET', key('result', id)) or '', '^[^\t]*'))
  if facts[2] == '' then
    facts[2] = 'unknown'
  end
  return facts
end
local _, kind, queue = record_lane(record)
tell('kind', kind)
tell('queue', queue)
for name in string.gmatch('\n' .. (redis.call('HGET', key('bonds'), id) or ''), '\nu[sed]([^\n]*)') do
  tell('unique', name)
end
local time = redis.call('TIME')
local offset = tonumber(redis.call('HGET', key('clock'), 'offset') or 0)
tell('now', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + offset))
for _, what in ipairs({ 'queue', 'kind' }) do
  local pause = redis.call('HGET', key('paused'), what .. ':' .. (what == 'queue' and queue or kind))
  if pause then
    tell(what .. '_paused', pause)
  end
end
local takers = 0
for _, worker in ipairs(redis.call('ZRANGE', key('workers'), 0, -1)) do
  if redis.call('HEXISTS', key('held', worker), id) == 1 then
    tell('state', 'running')
    tell('worker', worker)
    return facts
  end
  local known = redis.call('HMGET', key('worker', worker), 'queues', 'any', 'kind:' .. kind)
  if string.find('\n' .. (known[1] or '') .. '\n', '\n' .. queue .. '\n', 1, true) and (known[2] or known[3]) then
    takers = takers + 1
  end
end
tell('workers', takers)
local due = redis.call('ZSCORE', key('delayed', queue), id)
if due then
  tell('state', 'delayed')
  tell('due', due)
  return facts
end
local since = redis.call('ZSCORE', key('dead', queue), id)
if since then
  tell('state', 'dead')
  tell('since', since)
  return facts
end
tell('state', 'queued')
local lanes = lanes_of(record)
for _, lane in ipairs(lanes) do
  local position = redis.call('LPOS', key('lane', lane), id, 'MAXLEN', depth)
  if position or (redis.call('LLEN', key('lane', lane)) > depth and lane == lanes[1]) then
    local ring, tenant = lane_parts(lane)
    tell('tenant', tenant)
    tell('length', redis.call('LLEN', key('lane', lane)))
    if position then
      tell('position', position)
    end
    local limit = redis.call('HGET', key('parked', ring), lane)
    if limit then
      tell('limit', limit)
      tell('terms', redis.call('HGET', key('limits'), limit)
        or redis.call('HGET', key('limits'), string.match(limit, '^[^:]*:') .. '*') or '')
      tell('paid', redis.call('HGET', key('tokens'), limit) or 0)
      tell('held', redis.call('SCARD', key('holders', limit)))
      for _, holder in ipairs(redis.call('SRANDMEMBER', key('holders', limit), 5)) do
        tell('holder', holder)
      end
    else
      tell('ahead', redis.call('ZRANK', key('turn', ring), tenant) or 0)
    end
    return facts
  end
end
return facts
