--- open_batch: begins a batch, to which tasks and other batches are added until it is sealed, and by its own members
--- after that. Sending it again changes nothing.
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] batch: its id
--- ARGV[2] keep: ms that it can be asked for after its end
--- ARGV[3] parent: batch that it is a member of, or ''
--- ARGV[4] name: for people
--- ARGV[5] callbacks...: `success`, `failure` or `done`, id, record of the task to enqueue then
--- returns: '1', or '0' when it was there already
--- errors: NOBATCH the parent is not known, or has ended
--@include key
--@include number
--@include clock
local batch, keep, parent = ARGV[1], number(2, 'keep'), ARGV[3]
if redis.call('EXISTS', key('batch', batch)) == 1 then
  return '0'
end
local fields = { 'keep', string.format('%.0f', keep), 'open', '1', 'name', ARGV[4] }
for i = 5, #ARGV, 3 do
  if not string.find('success failure done', ARGV[i], 1, true) or not ARGV[i + 2] then
    return redis.error_reply('BADCALL callback ' .. ARGV[i] .. ' is not known, or not complete')
  end
  fields[#fields + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i + 1] .. '\n' .. ARGV[i + 2]
end
if parent ~= '' then
  local above = redis.call('HMGET', key('batch', parent), 'keep', 'ended')
  if not above[1] or above[2] then
    return redis.error_reply('NOBATCH ' .. (above[1] and 'has ended: ' or 'is not known: ') .. parent)
  end
  fields[#fields + 1] = 'parent'
  fields[#fields + 1] = parent
  redis.call('SADD', key('members', parent), batch)
  redis.call('HINCRBY', key('batch', parent), 'total', 1)
end
fields[#fields + 1] = 'since'
fields[#fields + 1] = string.format('%.0f', clock())
redis.call('HSET', key('batch', batch), unpack(fields))
for i = 5, #ARGV, 3 do
  redis.call('HSET', key('awaits'), ARGV[i + 1], batch)
end
return '1'
