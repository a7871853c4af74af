--- leave_line: takes one lane out of the line of a limit, wherever it stands. Returns true if nobody is left in it.
--@include key
local function leave_line(name, lane)
  local line = redis.call('HGET', key('lines'), name)
  if line == '' then
    local list = key('waiting', name)
    redis.call('ZREM', list, lane)
    if redis.call('EXISTS', list) == 1 then
      return false
    end
  elseif line and string.match(line, '\t(.*)$') ~= lane then
    return false
  end
  redis.call('HDEL', key('lines'), name)
  return true
end
