--- save_schedule: stores a schedule that is new, or changes one, which then goes on with the tick given.
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] name: of the schedule
--- ARGV[2] place: '' for a new one, else `revision tick waiting` of the one to be changed, '-' for no tick
--- ARGV[3] before: moment at which the old one's tick is due, which must not have come, or ''
--- ARGV[4] spec: for its readers
--- ARGV[5] payload: of what it starts
--- ARGV[6] tick: the first one, or '' for none
--- ARGV[7] due: moment at which that is fired, or ''
--- ARGV[8] digest: of the declaration that asks, or '' if somebody asks by hand
--- returns: 'saved'; 'exists' (one of that name was there before); 'stale' (it stands elsewhere now: read it anew); or,
---   to a declaration: 'kept' (it is in force), 'left' (a later one is), 'foreign' (made by hand)
--@include key
--@include number
--@include clock
--@include set_due
local name, hash, digest = ARGV[1], key('schedule', ARGV[1]), ARGV[8]
local before = ARGV[3] ~= '' and number(3, 'before')
if ARGV[7] ~= '' then
  number(7, 'due')
end
local now = clock()
local moment = string.format('%.0f', now)
local place = redis.call('HMGET', hash, 'revision', 'tick', 'waiting', 'paused', 'current')
local revision = tonumber(place[1] or 0)
local function alive(of)
  -- Workers declare what they have once a minute.
  return tonumber(redis.call('HGET', hash, 'd:' .. of) or 0) > now - 180000
end
if digest ~= '' and place[1] then
  if not place[5] then
    return 'foreign'
  end
  local is_new = not alive(digest)
  if place[5] == digest or (not is_new and alive(place[5])) then
    redis.call('HSET', hash, 'd:' .. digest, moment)
    return place[5] == digest and 'kept' or 'left'
  end
end
if place[1] and ARGV[2] == '' then
  return digest == '' and 'exists' or 'stale'
end
if ARGV[2] ~= '' and ARGV[2] ~= table.concat({ place[1] or '-', place[2] or '-', place[3] or '-' }, ' ') then
  return 'stale'
end
if before and not place[4] and before <= now then
  return 'stale'
end

-- The first write.
redis.call('HSET', hash, 'spec', ARGV[4], 'payload', ARGV[5], 'revision', string.format('%.0f', revision + 1))
redis.call('HSETNX', hash, 'made', moment)
redis.call('HDEL', hash, 'waiting', 'blocked')
if digest ~= '' then
  redis.call('HSET', hash, 'current', digest, 'd:' .. digest, moment)
end
if ARGV[6] ~= '' then
  redis.call('HSET', hash, 'tick', ARGV[6])
else
  redis.call('HDEL', hash, 'tick')
end
redis.call('ZADD', key('schedules'), 0, name)
set_due(name, not place[4] and tonumber(ARGV[7]) or nil)
return 'saved'
