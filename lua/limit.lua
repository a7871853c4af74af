--- limit: sets or removes a limit. Lanes in its line are woken, up to 500 a call, to be held to the new terms: call
--- again until it returns 0. Work that runs is never touched; what it holds counts under the new terms (see adopt).
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] name: `scope:name`, or `scope:*` for every name of a scope that has no limit of its own
--- ARGV[2] terms: `interval TAB burst TAB most`: us for a token, or ''; tokens at once; tasks that may run, or ''. Or
---   '' to remove the limit. What follows a third TAB is for people
--- returns: number of lanes woken
--@include key
--@include clock
--@include next_in_line
--@include rouse
--@include wake_rings
local name, terms = ARGV[1], ARGV[2]
local interval, burst, most = string.match(terms, '^([%d.]*)\t(%d*)\t(%d*)\t')
local is_rate = interval and tonumber(interval) and tonumber(interval) > 0 and tonumber(burst) and tonumber(burst) > 0
if terms ~= '' and not (interval and (is_rate or interval == '') and (is_rate or most ~= '')) then
  return redis.error_reply('BADCALL terms are not interval, burst, most, text')
end
if not string.find(name, '^[^:]+:.') then
  return redis.error_reply('BADCALL name is not scope:name')
end
local now, _, us = clock()
if terms == '' then
  redis.call('HDEL', key('limits'), name)
  redis.call('HDEL', key('tokens'), name)
else
  redis.call('HSET', key('limits'), name, terms)
  -- What was used up under other terms binds no longer than the new ones (see load_limits).
  local paid = is_rate and tonumber(redis.call('HGET', key('tokens'), name) or 0) or 0
  local latest = us + (is_rate and tonumber(burst) * tonumber(interval) or 0)
  if paid > latest then
    redis.call('HSET', key('tokens'), name, string.format('%.17g', latest))
  end
end
local lanes, roused = {}, {}
next_in_line({ name, 500 }, lanes)
rouse(lanes, now, roused)
wake_rings(roused)
return #lanes
