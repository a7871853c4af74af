--- check_ready: lanes that hold something are found by whoever claims, and nothing else takes a turn.
--@include key
--@include lane_parts
--@include task_run
local function check_ready(tell, aspect, part, item)
  local function is_served(ring, lane)
    return redis.call('EXISTS', key('lane', lane)) == 1 and redis.call('HEXISTS', key('parked', ring), lane) == 0
  end
  if aspect == 'lane' then
    if not string.find(part, '\t', 1, true) then
      return tell('lane.unreadable')
    end
    local ring, tenant, _, queue, kind = lane_parts(part)
    local plain = ring .. '\t' .. tenant
    if not is_served(ring, part) then
      return
    end
    local is_wide = redis.call('SISMEMBER', key('wide', ring), tenant) == 1
    if not redis.call('ZSCORE', key('turn', ring), tenant)
        or (is_wide and not redis.call('ZSCORE', key('lanes', plain), part)) or (not is_wide and part ~= plain)
        or redis.call('SISMEMBER', key('queues'), queue) == 0
        or (kind and redis.call('SISMEMBER', key('kinds', queue), kind) == 0) then
      tell('lane.unserved')
    end
  elseif aspect == 'turn' then
    local plain = part .. '\t' .. item
    if not (redis.call('SISMEMBER', key('wide', part), item) == 1 and redis.call('EXISTS', key('lanes', plain)) == 1)
        and not is_served(part, plain) then
      tell('turn.empty')
    end
  elseif aspect == 'wide' then
    if redis.call('EXISTS', key('lanes', part .. '\t' .. item)) == 0 then
      tell('wide.empty')
    end
  elseif aspect == 'lanes' then
    local ring, tenant = lane_parts(part)
    if not is_served(ring, item) or redis.call('SISMEMBER', key('wide', ring), tenant) == 0 then
      tell('lanes.wrong')
    end
  elseif aspect == 'kinds' then
    local ring = part .. '|' .. item
    if redis.call('EXISTS', key('turn', ring), key('parked', ring)) == 0 then
      tell('kinds.empty')
    end
  elseif aspect == 'queue' then
    if redis.call('SISMEMBER', key('queues'), part) == 0 then
      tell('queue.unlisted')
    end
  elseif redis.call('HEXISTS', key('tasks'), item) == 0 then
    tell(aspect .. '.orphan')
  else
    local run = aspect == 'delayed' and task_run(item)
    if run and redis.call('EXISTS', key('run', run)) == 0 then
      tell('delayed.runless', run)
    end
  end
end
