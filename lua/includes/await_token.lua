--- await_token: sets the timer for the lanes that are in line for a limit with free slots and no token: that of the
--- queue of the first of them. `woken`: lanes that were woken already and will take one each.
--@include key
--@include first_in_line
--@include lane_parts
--@include refill_due
local function await_token(limit, woken)
  if not limit or not limit.interval or (limit.most and limit.held + woken >= limit.most) then
    return
  end
  local lane = first_in_line(limit.name)
  if lane then
    local _, _, _, queue = lane_parts(lane)
    redis.call('ZADD', key('refill', queue), string.format('%.0f', refill_due(limit, woken)), limit.name)
  end
end
