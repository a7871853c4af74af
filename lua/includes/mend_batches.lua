--- mend_batches: a member that is none counts as failed, since nobody knows; a batch without members ends.
--@include key
--@include leave_batch
--@include end_batch
local function mend_batches(fault, part, item, _, now)
  if fault == 'members.orphan' then
    if redis.call('EXISTS', key('batch', part)) == 1 then
      leave_batch(part, item, false, now)
    else
      redis.call('SREM', key('members', part), item)
    end
  elseif fault == 'awaits.orphan' then
    redis.call('HDEL', key('awaits'), item)
  elseif fault == 'batch.unended' then
    local parent, ok = end_batch(part, now)
    leave_batch(parent, part, ok, now)
  elseif fault == 'batch.unending' then
    redis.call('PEXPIRE', key('batch', part), redis.call('HGET', key('batch', part), 'keep'))
  elseif fault == 'batch.fleeting' then
    redis.call('PERSIST', key('batch', part))
  else
    return nil
  end
  return 'mended'
end
