--- weigh_run: what counts as open in a live run, and the tasks that are there to end it, up to 200 of them a call.
--- flags: no-writes,allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] run: id
--- ARGV[2] from: number of its tasks that were looked at before, 0 at first
--- returns: flat array: the facts ('' if there is no such run, or it is over and its data are not being deleted),
---   '1' for a state machine, number of tasks looked at so far; number of steps, then step and state of each (at the
---   first call); then the first line of the payload of each task that is there
--@include key
--@include number
--@include run_facts
local run, from = ARGV[1], number(2, 'from')
local name = key('run', run)
local known = redis.call('HMGET', name, 'f', 'm')
local facts = run_facts(known[1] or '')
if not facts.rest or (string.find(facts.state, '%u') and facts.state ~= 'D') then
  return { '', '', 0, 0 }
end
local steps, reply = {}, { known[1], known[2] and '1' or '', 0, 0 }
if from == 0 then
  for _, field in ipairs(redis.call('HKEYS', name)) do
    steps[#steps + 1] = string.sub(field, 1, 2) == 's:' and field or nil
  end
end
for at = 1, #steps, 1000 do
  local to = math.min(at + 999, #steps)
  for i, state in ipairs(redis.call('HMGET', name, unpack(steps, at, to))) do
    reply[#reply + 1], reply[#reply + 2] = string.sub(steps[at + i - 1], 3), string.sub(state or 'p', 1, 1)
  end
end
local to, ids = math.min(from + 200, facts.made), {}
for count = from + 1, to do
  local text = string.format('%d', count)
  ids[#ids + 1] = run .. '-' .. string.char(96 + #text) .. text
end
for _, record in ipairs(ids[1] and redis.call('HMGET', key('tasks'), unpack(ids)) or {}) do
  if record then
    reply[#reply + 1] = string.match(record, '^[^\n]*\n([^\n]*)')
  end
end
reply[3], reply[4] = to, #steps
return reply
