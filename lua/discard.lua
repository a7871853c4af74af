--- discard: removes dead letters for good.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] ids...: tasks, no more than 1,000
--- returns: array: for each id 'discarded', 'alive' (it is not a dead letter: cancel it) or 'unknown'
--@include key
--@include clock
--@include record_lane
--@include drop
local now = clock()
local reply = {}
for i, id in ipairs(ARGV) do
  local record = redis.call('HGET', key('tasks'), id)
  if not record then
    reply[i] = 'unknown'
  else
    local _, _, queue = record_lane(record)
    if redis.call('ZREM', key('dead', queue), id) == 1 then
      drop(id, record, 'discarded', now, '')
      reply[i] = 'discarded'
    else
      reply[i] = 'alive'
    end
  end
end
return reply
