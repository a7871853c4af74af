--- locate: all places in which a few tasks are, at one moment.
--- flags: no-writes,allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] depth: how far from both its ends (number of tasks) a lane is searched
--- ARGV[2] pairs...: id and hint: another key (without the prefix) in which the task was seen, or ''
--- returns: array with one flat array for each task: its head, or '' when there is no such task; then what was found:
---   'in' and a place (see includes/places_of.lua), 'deep' and a lane that is longer than was searched
--@include key
--@include number
--@include places_of
local depth, pairs_of = number(1, 'depth'), {}
for i = 2, #ARGV, 2 do
  pairs_of[#pairs_of + 1], pairs_of[#pairs_of + 2] = ARGV[i], ARGV[i + 1]
end
local reply = {}
for i, places in ipairs((places_of(pairs_of, depth))) do
  local record = redis.call('HGET', key('tasks'), pairs_of[2 * i - 1]) or ''
  reply[i] = { string.match(record, '^[^\n]*'), unpack(places) }
end
return reply
