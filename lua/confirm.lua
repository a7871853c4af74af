--- confirm: which of some findings are true still.
--- flags: no-writes,allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] findings...: fault, aspect, part, element and detail of each, as `examine` has told them
--- returns: array of 1 (it is so) or 0, one for each
--@include key
--@include is_so
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + (tonumber(redis.call('HGET', key('clock'), 'offset')) or 0)
local reply = {}
for i = 1, #ARGV, 5 do
  reply[#reply + 1] = is_so(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], now) and 1 or 0
end
return reply
