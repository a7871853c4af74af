--- holds_role: whether a call may act for a role: `text` is `role fence`, as its holder got it. It may not once the
--- lease is over, even if nobody else has taken the role yet.
--@include key
local function holds_role(text, now)
  local name, fence = string.match(text, '^(%S+) (%d+)$')
  if not name then
    return false
  end
  local current, ends = unpack(redis.call('HMGET', key('role', name), 'fence', 'until'))
  return current == fence and ends and now < tonumber(ends)
end
