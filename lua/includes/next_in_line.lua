--- next_in_line: takes lanes out of the lines of limits (`asked`: list of limit, number of lanes, ...), those that have
--- waited longest first, and appends them to `lanes`. Returns, by limit, how many it took, and whether any are left.
--@include key
local function next_in_line(asked, lanes)
  local woken, left, gone = {}, {}, {}
  for from = 1, #asked, 1000 do
    local names = {}
    for i = from, math.min(from + 999, #asked), 2 do
      names[#names + 1] = asked[i]
    end
    for i, line in ipairs(redis.call('HMGET', key('lines'), unpack(names))) do
      local name, count = names[i], asked[from + 2 * i - 1]
      woken[name], left[name] = 0, line and count == 0
      if line and count > 0 then
        if line ~= '' then
          lanes[#lanes + 1] = string.sub(line, string.find(line, '\t', 1, true) + 1)
          woken[name] = 1
        else
          local list = key('waiting', name)
          local first = redis.call('ZRANGE', list, 0, count)
          left[name] = #first > count
          woken[name] = math.min(#first, count)
          for place = 1, woken[name] do
            lanes[#lanes + 1] = first[place]
          end
          if left[name] then
            redis.call('ZREMRANGEBYRANK', list, 0, count - 1)
          else
            redis.call('DEL', list)
          end
        end
        if not left[name] then
          gone[#gone + 1] = name
        end
      end
    end
  end
  for from = 1, #gone, 1000 do
    redis.call('HDEL', key('lines'), unpack(gone, from, math.min(from + 999, #gone)))
  end
  return woken, left
end
