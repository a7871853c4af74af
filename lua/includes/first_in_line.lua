--- first_in_line: the lane that is the first in line for a limit, or nil.
--@include key
local function first_in_line(name)
  local line = redis.call('HGET', key('lines'), name)
  if line == '' then
    return redis.call('ZRANGE', key('waiting', name), 0, 0)[1]
  end
  return line and string.match(line, '\t(.*)$')
end
