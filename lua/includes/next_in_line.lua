--- next_in_line: takes up to `count` lanes out of the line of a limit, those that have waited longest first, and
--- appends them to `lanes`.
--@include key
local function next_in_line(name, count, lanes)
  local popped = redis.call('ZPOPMIN', key('waiting', name), count)
  for i = 1, #popped, 2 do
    lanes[#lanes + 1] = popped[i]
  end
  return #popped / 2
end
