--- mend_workers: what a dead worker holds goes back, a hundred tasks a call, as a living one would do it; what is left
--- of one that is gone goes.
--@include key
--@include takeover
--@include forget_worker
--@include give_up
--@include lease_parts
local function mend_workers(fault, part, item, _, now, freed, _, value)
  if fault == 'workers.dead' or fault == 'held.gone' then
    local worker = fault == 'held.gone' and part or item
    takeover(worker, now, freed)
    return redis.call('ZSCORE', key('workers'), worker) and 'more' or 'mended'
  elseif fault == 'worker.leftover' then
    forget_worker(part)
  elseif fault == 'wake.leftover' then
    redis.call('DEL', key('wake', part))
  elseif fault == 'idle.gone' then
    redis.call('SREM', key('idle', part), item)
  elseif fault == 'held.orphan' then
    local _, _, names = lease_parts(value)
    give_up(freed, names, item)
    redis.call('HDEL', key('held', part), item)
  else
    return nil
  end
  return 'mended'
end
