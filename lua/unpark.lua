--- unpark: wakes the lanes of one ring that are parked by limits of a scope, a chunk a call, after the limit for all
--- names of the scope has changed.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] ring: queue, or `queue|kind` for tasks set aside by kind
--- ARGV[2] cursor: 0 at first, then as returned
--- ARGV[3] scope: with its colon
--- returns: the next cursor, '0' at the end
--@include key
--@include clock
--@include leave_lines
--@include rouse
--@include wake_rings
local ring, scope = ARGV[1], ARGV[3]
local now = clock()
local reply = redis.call('HSCAN', key('parked', ring), ARGV[2], 'COUNT', 200)
local lanes, leaving, roused = {}, {}, {}
for i = 1, #reply[2], 2 do
  local lane, name = reply[2][i], reply[2][i + 1]
  if string.sub(name, 1, #scope) == scope then
    leaving[#leaving + 1], leaving[#leaving + 2] = name, lane
    lanes[#lanes + 1] = lane
  end
end
leave_lines(leaving)
rouse(lanes, now, roused)
wake_rings(roused)
return reply[1]
