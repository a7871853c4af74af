--- rouse: parked lanes take turns again, before newcomers. Their rings are noted in `roused`.
--@seldom
--@include key
--@include lane_parts
--@include enter
local function rouse(lanes, now, roused)
  local entering = {}
  for _, lane in ipairs(lanes) do
    local ring = lane_parts(lane)
    entering[ring] = entering[ring] or {}
    table.insert(entering[ring], lane)
    roused[ring] = true
  end
  for ring, list in pairs(entering) do
    for from = 1, #list, 1000 do
      redis.call('HDEL', key('parked', ring), unpack(list, from, math.min(from + 999, #list)))
    end
  end
  enter(entering, now, true)
end
