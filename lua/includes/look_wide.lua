--- look_wide: lanes of a tenant that has several, and the number of tasks in each: those whose head is the oldest, no
--- more than there is room for, and 16 to 64.
--@seldom
--@include key
--@include lane_parts
local function look_wide(ring, tenant, room)
  local most = math.min(math.max(room, 16), 64)
  local rows = redis.call('ZRANGE', key('lanes', ring .. '\t' .. tenant), 0, most - 1, 'WITHSCORES')
  local lanes = {}
  for i = 1, #rows, 2 do
    local _, _, priority = lane_parts(rows[i])
    local length = redis.call('LLEN', key('lane', rows[i]))
    lanes[#lanes + 1] = {
      name = rows[i], age = tonumber(rows[i + 1]), priority = priority or 0, length = length, room = length, count = 0,
    }
  end
  return lanes
end
