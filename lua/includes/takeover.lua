--- takeover: puts up to 100 tasks of an incarnation whose lease has expired back at the head of their lanes. From the
--- first chunk on the incarnation is dead (score -1): it can neither renew nor commit. A task that was taken over for
--- the third time is a poison pill and goes to the dead letters, unless it belongs to a run: then whoever claims it
--- next ends it. One that was being cancelled ends. Whoever takes over may serve other queues: a
--- worker of each is told, and one of each kind that was set aside.
--@seldom
--@include key
--@include lane_parts
--@include lease_parts
--@include give_up
--@include history
--@include older
--@include bury
--@include task_run
--@include drop
--@include push_groups
--@include total
--@include forget_worker
--@include wake_rings
local function takeover(worker, now, freed)
  local held = key('held', worker)
  redis.call('ZADD', key('workers'), -1, worker)
  local rows = redis.call('HRANDFIELD', held, 100, 'WITHVALUES')
  if #rows == 0 then
    forget_worker(worker)
    return
  end
  local ids, lane_of = {}, {}
  for i = 1, #rows, 2 do
    table.insert(ids, rows[i])
    local _, lane, names = lease_parts(rows[i + 1])
    lane_of[rows[i]] = lane
    give_up(freed, names, rows[i])
  end
  table.sort(ids, function(a, b) return older(b, a) end)
  local tries = redis.call('HMGET', key('tries'), unpack(ids))
  local cancels = redis.call('HMGET', key('cancels'), unpack(ids))
  local groups, recovered = {}, {}
  for i, id in ipairs(ids) do
    local lane = lane_of[id]
    local _, _, _, queue = lane_parts(lane)
    if cancels[i] then
      drop(id, redis.call('HGET', key('tasks'), id), 'cancelled', now, cancels[i])
    else
      local attempts = tonumber(string.match(tries[i] or '', '^%d+')) or 0
      local line = string.format('%.0f\t%d\tlease expired: worker %s was lost', now, attempts + 1, worker)
      local _, recoveries, text = history(tries[i], 0, 1, line)
      redis.call('HSET', key('tries'), id, text)
      recovered[queue] = (recovered[queue] or 0) + 1
      if recoveries >= 3 and not task_run(id) then
        bury(id, queue, now)
      else
        groups[lane] = groups[lane] or {}
        table.insert(groups[lane], id)
      end
    end
  end
  redis.call('HDEL', held, unpack(ids))
  local rings = {}
  push_groups(groups, now, 'LPUSH', rings)
  for queue, count in pairs(recovered) do
    total(queue, 'recovered', count)
    rings[queue] = true
  end
  wake_rings(rings)
  if redis.call('EXISTS', held) == 0 then
    forget_worker(worker)
  end
end
