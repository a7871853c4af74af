--- leave_batch: a member of a batch has ended, well or not. The last one ends the batch, which may be a member of
--- another one. Membership is a set, so nothing counts twice.
--@seldom
--@include key
--@include fire
--@include end_batch
local function leave_batch(batch, member, ok, now)
  while batch and redis.call('SREM', key('members', batch), member) == 1 do
    redis.call('HINCRBY', key('batch', batch), ok and 'succeeded' or 'failed', 1)
    if not ok then
      fire(batch, 'failure', now)
    end
    member = batch
    batch, ok = end_batch(batch, now)
  end
end
