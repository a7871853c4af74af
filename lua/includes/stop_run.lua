--- stop_run: queues the task that cancels a run which another one has started, once in each of its rounds.
--@seldom
--@include key
--@include run_facts
--@include record_lane
--@include store_group
local function stop_run(id, plan, now, gate)
  local text, head = unpack(redis.call('HMGET', key('run', id), 'f', 'h'))
  local facts = text and run_facts(text)
  if facts and head and not string.find(facts.state, '%u') then
    local round = string.format('%d', facts.round)
    local task = id .. '-x' .. round
    if redis.call('HEXISTS', key('tasks'), task) == 0 then
      local group = { lane = record_lane(head), start = '', extras = {} }
      store_group(group, { task, head .. '\tw=' .. id .. '\n' .. round .. '\tcancel' }, 1, 2, plan, now, gate)
    end
  end
end
