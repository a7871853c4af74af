--- put_at: puts tasks into a sorted set, all with the same moment (ms).
local function put_at(name, ids, moment)
  local score = string.format('%.0f', moment)
  for first = 1, #ids, 1000 do
    local members = {}
    for i = first, math.min(first + 999, #ids) do
      members[#members + 1] = score
      members[#members + 1] = ids[i]
    end
    redis.call('ZADD', name, unpack(members))
  end
end
