--- push: puts tasks at the tail of a lane, or at its head ('LPUSH': the last of ids is then served first), and notes
--- in `entering` (ring -> lanes) a lane that was empty; `enter` must follow once.
--@include key
--@include lane_parts
local function push(lane, ids, entering, command)
  local list, length = key('lane', lane), 0
  for from = 1, #ids, 1000 do
    length = redis.call(command or 'RPUSH', list, unpack(ids, from, math.min(from + 999, #ids)))
  end
  if length == #ids and length > 0 then
    local ring = lane_parts(lane)
    entering[ring] = entering[ring] or {}
    table.insert(entering[ring], lane)
  end
end
