--- heartbeat: renews the lease of an incarnation, however many tasks it holds.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] worker: incarnation
--- ARGV[2] lease: ms
--- returns: flat array: 'ok' or 'dead', now (ms), then id and reason of each held task that was asked to end
--@include key
--@include number
--@include clock
local worker, lease = ARGV[1], number(2, 'lease')
local now = clock(lease / 2)
local expiry = tonumber(redis.call('ZSCORE', key('workers'), worker) or -1)
if expiry < 0 then
  return { 'dead', string.format('%.0f', now) }
end
redis.call('ZADD', key('workers'), string.format('%.0f', now + lease), worker)
local reply = { 'ok', string.format('%.0f', now) }
if redis.call('EXISTS', key('cancels')) == 1 then
  local ids = redis.call('HKEYS', key('held', worker))
  for from = 1, #ids, 1000 do
    local last = math.min(from + 999, #ids)
    for i, reason in ipairs(redis.call('HMGET', key('cancels'), unpack(ids, from, last))) do
      if reason then
        reply[#reply + 1] = ids[from + i - 1]
        reply[#reply + 1] = reason
      end
    end
  end
end
return reply
