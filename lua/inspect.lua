--- inspect: the state of a task now.
--- flags: no-writes,allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] id: task
--- ARGV[2] depth: how far down its lane (number of tasks) its position is looked for
--- returns: flat array: state, detail, second detail, record, history. queued: position from 0 or '' when deeper,
---   number of tasks in its lane; delayed: due (ms); running: incarnation, reason when asked to end; dead: since (ms);
---   ended and retained: state, since (ms), result in place of the record; otherwise just 'unknown'
--@include key
--@include number
--@include record_lane
--@include lanes_of
local id, depth = ARGV[1], number(2, 'depth')
local record = redis.call('HGET', key('tasks'), id)
if not record then
  local result = redis.call('GET', key('result', id))
  if not result then
    return { 'unknown' }
  end
  local state, at, bytes = string.match(result, '^([^\t]*)\t([^\n]*)\n(.*)$')
  return { state, at, '', bytes, '' }
end
local tries = redis.call('HGET', key('tries'), id) or ''
local _, _, queue = record_lane(record)
local due = redis.call('ZSCORE', key('delayed', queue), id)
if due then
  return { 'delayed', due, '', record, tries }
end
local since = redis.call('ZSCORE', key('dead', queue), id)
if since then
  return { 'dead', since, '', record, tries }
end
for _, worker in ipairs(redis.call('ZRANGE', key('workers'), 0, -1)) do
  if redis.call('HEXISTS', key('held', worker), id) == 1 then
    return { 'running', worker, redis.call('HGET', key('cancels'), id) or '', record, tries }
  end
end
local lanes = lanes_of(record)
for _, name in ipairs(lanes) do
  local position = redis.call('LPOS', key('lane', name), id, 'MAXLEN', depth)
  if position then
    return { 'queued', tostring(position), tostring(redis.call('LLEN', key('lane', name))), record, tries }
  end
end
return { 'queued', '', tostring(redis.call('LLEN', key('lane', lanes[1]))), record, tries }
