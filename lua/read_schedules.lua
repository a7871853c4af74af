--- read_schedules: where schedules stand.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] names...: of schedules
--- returns: flat array: now (ms), then for each: revision, spec, payload, tick, waiting, fired, paused (`who TAB
---   moment`), made (moment), current (digest of the declaration in force), the moment when that was declared last, the
---   number of its jobs and runs that go on, and the moment when it is looked at next; '' for what is not there
--@include key
--@include clock
local reply = { string.format('%.0f', (clock())) }
for _, name in ipairs(ARGV) do
  local hash = key('schedule', name)
  local found = redis.call('HMGET', hash, 'revision', 'spec', 'payload', 'tick', 'waiting', 'fired', 'paused', 'made',
    'current')
  for i = 1, 9 do
    reply[#reply + 1] = found[i] or ''
  end
  reply[#reply + 1] = found[9] and redis.call('HGET', hash, 'd:' .. found[9]) or ''
  reply[#reply + 1] = found[1] and string.format('%d', redis.call('SCARD', key('fires', name))) or ''
  reply[#reply + 1] = found[1] and redis.call('ZSCORE', key('ticks'), name) or ''
end
return reply
