--- list_tasks: ids and heads of all live tasks, wherever they are, a chunk a call.
--- flags: no-writes,allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] cursor: 0 at first, then as returned
--- ARGV[2] count: about how many tasks
--- returns: flat array: the next cursor, '0' at the end; bytes of records that were read; then id and head of each task
--@include key
--@include number
local reply = redis.call('HSCAN', key('tasks'), ARGV[1], 'COUNT', number(2, 'count'))
local rows, bytes = reply[2], 0
local facts = { reply[1], 0 }
for i = 1, #rows, 2 do
  local record = rows[i + 1]
  bytes = bytes + #record
  facts[#facts + 1] = rows[i]
  facts[#facts + 1] = string.sub(record, 1, (string.find(record, '\n', 1, true) or #record + 1) - 1)
end
facts[2] = bytes
return facts
