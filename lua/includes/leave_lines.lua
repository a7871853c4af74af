--- leave_lines: takes lanes out of the lines of limits, wherever they stand (`leaving`: list of limit, lane, ...).
--- Returns the set of limits that nobody is in line for any more.
--@include key
local function leave_lines(leaving)
  local gone, empty = {}, {}
  for from = 1, #leaving, 1000 do
    local names = {}
    for i = from, math.min(from + 999, #leaving), 2 do
      names[#names + 1] = leaving[i]
    end
    for i, line in ipairs(redis.call('HMGET', key('lines'), unpack(names))) do
      local name, lane = names[i], leaving[from + 2 * i - 1]
      if line == '' then
        local list = key('waiting', name)
        redis.call('ZREM', list, lane)
        empty[name] = redis.call('EXISTS', list) == 0
      else
        empty[name] = not line or string.sub(line, string.find(line, '\t', 1, true) + 1) == lane
      end
      if line and empty[name] then
        gone[#gone + 1] = name
      end
    end
  end
  for from = 1, #gone, 1000 do
    redis.call('HDEL', key('lines'), unpack(gone, from, math.min(from + 999, #gone)))
  end
  return empty
end
