--- take_role: takes a role that nobody holds, or renews it for who does; sending it again changes nothing. Whoever
--- comes too early is noted, and told when the role is left.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] role: its name
--- ARGV[2] holder: one turn of one client at it
--- ARGV[3] fence: '' to take the role, or the one under which it is held, to renew it
--- ARGV[4] lease: ms
--- ARGV[5] waiter: client that is told when the role is left
--- ARGV[6] by: where the holder is, for people
--- ARGV[7] note: what it tells of itself, for people
--- returns: now (ms); 'held' and the fence, 'taken' (somebody else holds it) and the moment (ms) at which that lease
---   ends, or 'lost' (to renew, and not held any more) and ''
--@include key
--@include number
--@include clock
local lease = number(4, 'lease')
local now = clock()
local moment, ends, role = string.format('%.0f', now), string.format('%.0f', now + lease), key('role', ARGV[1])
local holder, fence, over = unpack(redis.call('HMGET', role, 'holder', 'fence', 'until'))
if holder == ARGV[2] and (ARGV[3] == '' or ARGV[3] == fence) then
  redis.call('HSET', role, 'until', ends, 'note', ARGV[7])
  return { moment, 'held', fence }
end
if ARGV[3] ~= '' then
  return { moment, 'lost', '' }
end
if holder and now < tonumber(over) then
  if redis.call('HLEN', role) > 100 then
    -- Those that have gone without a word.
    local all = redis.call('HGETALL', role)
    for i = 1, #all, 2 do
      if string.find(all[i], '^w:') and tonumber(all[i + 1]) < now then
        redis.call('HDEL', role, all[i])
      end
    end
  end
  redis.call('HSET', role, 'w:' .. ARGV[5], string.format('%.0f', math.max(now + lease, tonumber(over)) + 60000))
  return { moment, 'taken', over }
end
-- Greater than all before, also where Redis has lost its last writes, or all of them.
local greater = math.max((tonumber(fence) or 0) + 1, now)
local text = string.format('%.0f', greater)
redis.call('HSET', role, 'fence', text, 'holder', ARGV[2], 'by', ARGV[6], 'since', moment, 'until', ends,
  'note', ARGV[7])
redis.call('HDEL', role, 'w:' .. ARGV[5])
return { moment, 'held', text }
