--- check_links: roles and connections can be read by the scripts that go by them.
--@include key
local function check_links(tell, aspect, part, item, value)
  if aspect == 'role' then
    local fence, holder, over = unpack(redis.call('HMGET', key('role', part), 'fence', 'holder', 'until'))
    if not tonumber(fence or '') or (holder and not tonumber(over or '')) then
      tell('role.unreadable')
    end
  elseif not string.find(item, '\t', 1, true) or not string.find(value, '^[^\t\n]+\t[^\t\n]+\t[^\t\n]*\t[^\n]*\n') then
    tell('connections.unreadable')
  end
end
