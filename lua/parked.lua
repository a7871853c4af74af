--- parked: the parked lanes of one ring, a chunk a call.
--- flags: no-writes,allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] ring: queue, or `queue|kind` for tasks set aside by kind
--- ARGV[2] cursor: 0 at first, then as returned
--- returns: flat array: the next cursor ('0' at the end), then lane, limit that holds it, number of its tasks, its
---   first task
--@include key
local reply = redis.call('HSCAN', key('parked', ARGV[1]), ARGV[2], 'COUNT', 200)
local rows = { reply[1] }
for i = 1, #reply[2], 2 do
  local lane = reply[2][i]
  local list = key('lane', lane)
  rows[#rows + 1] = lane
  rows[#rows + 1] = reply[2][i + 1]
  rows[#rows + 1] = redis.call('LLEN', list)
  rows[#rows + 1] = redis.call('LINDEX', list, 0) or ''
end
return rows
