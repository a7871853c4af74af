--- expired_runs: runs whose time is over: they have ended, and were to be kept for so long. For one worker at a time,
--- so that not all of them remove the same; a lock that is lost costs only that.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] worker: incarnation; has the lock for 5 s, or until nothing is left
--- ARGV[2] limit: at most so many
--- returns: array of ids; empty if there are none, or another worker is at it
--@include key
--@include number
--@include clock
local limit, lock = number(2, 'limit'), key('sweeping')
local moment = string.format('%.0f', clock())
local due = redis.call('ZRANGE', key('retained'), '-inf', moment, 'BYSCORE', 'LIMIT', 0, limit)
if not due[1] then
  if redis.call('GET', lock) == ARGV[1] then
    redis.call('DEL', lock)
  end
  return due
end
local holder = redis.call('SET', lock, ARGV[1], 'NX', 'GET', 'PX', 5000)
return (not holder or holder == ARGV[1]) and due or {}
