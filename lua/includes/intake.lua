--- intake: turns up to 50 entries of the inbox stream into tasks, and removes them: in one script, so each becomes
--- one task once. Those that cannot be read go to the stream `rejected` with the reason, which keeps about the last
--- 1,000.
--@seldom
--@include key
--@include entry_task
--@include entry_id
--@include known_as
--@include caps_of
--@include make_way
--@include lane_parts
--@include store_group
--@include finish_plan
local function intake(gate, now)
  local entries = redis.call('XRANGE', key('inbox'), '-', '+', 'COUNT', 50)
  local plan, over = { entering = {}, ready = {}, earlier = {} }, {}
  local capped = redis.call('EXISTS', key('caps')) == 1
  for i, entry in ipairs(entries) do
    local group, record = entry_task(entry[2])
    local problem = not group and record
    if group and not known_as(group.extras) then
      if capped then
        local _, tenant, _, queue = lane_parts(group.lane)
        group.caps = caps_of(queue, tenant)
        for _, cap in ipairs(group.caps) do
          if redis.call('ZCARD', key('live', cap.target)) >= cap.most then
            if cap.policy == 'drop' then
              make_way(cap.target, 1, plan, now)
            else
              problem = 'length cap of ' .. cap.most .. ' is reached'
            end
          end
        end
      end
      if not problem then
        store_group(group, { entry_id(entry[1]), record }, 1, 2, plan, now, gate)
      end
    end
    if problem then
      redis.call('XADD', key('rejected'), 'MAXLEN', '~', 1000, '*', 'entry', entry[1], 'reason', problem,
        unpack(entry[2], 1, math.min(#entry[2], 100)))
    end
    over[i] = entry[1]
  end
  if #over > 0 then
    redis.call('XDEL', key('inbox'), unpack(over))
  end
  if redis.call('XLEN', key('inbox')) == 0 then
    redis.call('DEL', key('inbox'))
  end
  finish_plan(plan, now)
end
