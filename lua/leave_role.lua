--- leave_role: gives a role back, if this holder has it, and tells those that wait for it. Its fence stays.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] role: its name
--- ARGV[2] holder: as it took the role
--- returns: 1 if it was held
--@include key
local role = key('role', ARGV[1])
if redis.call('HGET', role, 'holder') ~= ARGV[2] then
  return 0
end
redis.call('HDEL', role, 'holder', 'by', 'since', 'until', 'note')
for _, field in ipairs(redis.call('HKEYS', role)) do
  local waiter = string.match(field, '^w:(.*)$')
  if waiter then
    redis.call('RPUSH', key('wake', waiter), 'role ' .. ARGV[1])
    redis.call('PEXPIRE', key('wake', waiter), 60000)
    redis.call('HDEL', role, field)
  end
end
return 1
