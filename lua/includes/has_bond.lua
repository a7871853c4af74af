--- has_bond: whether a task has a bond (see `untie`).
--@include key
local function has_bond(id, line)
  local text = redis.call('HGET', key('bonds'), id)
  return text and string.find('\n' .. text .. '\n', '\n' .. line .. '\n', 1, true) ~= nil
end
