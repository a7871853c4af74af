--- line_up: lanes that are parked join the lines of the limits that hold them (`entering`: limit -> list of moment
--- (us), lane, ...). A lane that is the only one in line stands in one hash with all others like it, so that a thousand
--- limits of one lane each cost two calls; a line of several is a sorted set, and the hash says so by an empty field.
--@include key
local function line_up(entering)
  local names = {}
  for name in pairs(entering) do
    names[#names + 1] = name
  end
  for from = 1, #names, 1000 do
    local to, changed = math.min(from + 999, #names), {}
    for i, line in ipairs(redis.call('HMGET', key('lines'), unpack(names, from, to))) do
      local name = names[from + i - 1]
      local list, note = entering[name], ''
      if line or #list > 2 then
        if line and line ~= '' then
          list[#list + 1], list[#list + 2] = string.match(line, '^([^\t]*)\t(.*)$')
        end
        for place = 1, #list, 2000 do
          redis.call('ZADD', key('waiting', name), unpack(list, place, math.min(place + 1999, #list)))
        end
      else
        note = list[1] .. '\t' .. list[2]
      end
      if line ~= note then
        changed[#changed + 1], changed[#changed + 2] = name, note
      end
    end
    if changed[1] then
      redis.call('HSET', key('lines'), unpack(changed))
    end
  end
end
