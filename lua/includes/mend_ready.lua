--- mend_ready: a lane that holds something gets its turn; turns and lists without a lane go, as do ids of tasks that
--- are no more, and timers of runs that are no more.
--@include key
--@include lane_parts
--@include enter
local function mend_ready(fault, part, item, _, now, _, roused)
  local function serve(lane)
    local ring, _, _, queue = lane_parts(lane)
    enter({ [ring] = { lane } }, now)
    roused[queue] = true
  end
  if fault == 'lane.unserved' then
    serve(part)
  elseif fault == 'turn.empty' then
    redis.call('ZREM', key('turn', part), item)
  elseif fault == 'wide.empty' then
    redis.call('SREM', key('wide', part), item)
  elseif fault == 'kinds.empty' then
    redis.call('SREM', key('kinds', part), item)
  elseif fault == 'queue.unlisted' then
    redis.call('SADD', key('queues'), part)
  elseif fault == 'delayed.orphan' or fault == 'dead.orphan' then
    redis.call('ZREM', key(string.match(fault, '^%l+'), part), item)
  elseif fault == 'delayed.runless' then
    redis.call('ZREM', key('delayed', part), item)
    redis.call('HDEL', key('tasks'), item)
    redis.call('HDEL', key('tries'), item)
  elseif fault == 'lanes.wrong' then
    local ring, tenant = lane_parts(part)
    redis.call('ZREM', key('lanes', part), item)
    if redis.call('EXISTS', key('lanes', part)) == 0 then
      redis.call('SREM', key('wide', ring), tenant)
      redis.call('ZREM', key('turn', ring), tenant)
    end
    for _, lane in ipairs({ item, part }) do
      if redis.call('EXISTS', key('lane', lane)) == 1 and redis.call('HEXISTS', key('parked', ring), lane) == 0 then
        serve(lane)
      end
    end
  else
    return nil
  end
  return 'mended'
end
