--- conclude: ends one attempt in another way than plain success, if this incarnation still holds the task under its
--- `claim`; returns false when it does not. `outcome` is one of
---   result   success; `text` is the result, kept for `wait` ms
---   retry    again in `wait` ms; counted as an attempt if `counted` is '1'; `text` is the line for its history
---   dead     no more attempts; `text` is the line for its history. A task of a run is tried again in 10 s instead
---   cancel   ended on request; `text` is the reason
---   release  handed back, not counted: appended to `released` (lane -> ids), for the caller to push at the heads
--- A task that was asked to end (`cancels`) is neither tried again nor handed back.
--@seldom
--@include key
--@include lane_parts
--@include history
--@include keep_result
--@include total
--@include drop
--@include untie
--@include lease_parts
--@include give_up
--@include bury
--@include task_run
local function conclude(worker, outcome, id, claim, wait, counted, text, rare, now, released, freed)
  local held = key('held', worker)
  local value = redis.call('HGET', held, id)
  local fence = claim .. '\t'
  if not value or string.sub(value, 1, #fence) ~= fence then
    return false
  end
  local _, lane, names = lease_parts(value)
  give_up(freed, names, id)
  local _, _, _, queue = lane_parts(lane)
  local reason = rare.cancels and redis.call('HGET', key('cancels'), id)
  redis.call('HDEL', held, id)
  if outcome == 'result' then
    keep_result(id, 'completed', now, text, wait)
    redis.call('HDEL', key('tasks'), id)
    redis.call('HDEL', key('tries'), id)
    redis.call('HDEL', key('cancels'), id)
    local bonds = rare.bonds and redis.call('HGET', key('bonds'), id)
    if bonds then
      untie(id, bonds, 'completed', now, wait > 0 and wait or nil)
    end
    total(queue, 'completed', 1)
  elseif outcome == 'cancel' or reason then
    drop(id, redis.call('HGET', key('tasks'), id), 'cancelled', now, reason or text)
  elseif outcome == 'release' then
    released[lane] = released[lane] or {}
    table.insert(released[lane], id)
  else
    local by = (outcome == 'dead' or counted == '1') and 1 or 0
    local _, _, tries = history(redis.call('HGET', key('tries'), id), by, 0, string.format('%.0f', now) .. '\t' .. text)
    redis.call('HSET', key('tries'), id, tries)
    -- Nobody but a worker that can read the task can say what follows for its run.
    local stays = outcome == 'dead' and task_run(id)
    if outcome == 'dead' and not stays then
      bury(id, queue, now)
    else
      wait = stays and 10000 or wait
      total(queue, 'retried', 1)
      redis.call('ZADD', key('delayed', queue), string.format('%.0f', now + wait), id)
    end
  end
  return true
end
