--- set_aside: keeps an event of a connector that cannot be let take effect, for a person to look at.
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] connector: its name
--- ARGV[2] event: its id
--- ARGV[3] record: the event, and why
--- ARGV[4] role: `role fence` that the call acts for
--- returns: now (ms)
--- errors: ROLELOST the role is not held
--@include key
--@include clock
--@include holds_role
local now = clock()
if not holds_role(ARGV[4], now) then
  return redis.error_reply('ROLELOST ' .. ARGV[4])
end
redis.call('HSET', key('aside', ARGV[1]), ARGV[2], ARGV[3])
return string.format('%.0f', now)
