--- tell_parent: queues a task of the run that waits for this one: with it come the id of this run and the letter of its
--- state. Its id is made of this run's, whose counter is at hand.
--@seldom
--@include key
--@include trial_field
--@include record_lane
--@include queue_task
local function tell_parent(trial, state)
  local parent, head, text = string.match(trial_field(trial, 'p') or '', '^([^\n]*)\n([^\n]*)\n([^\n]*)$')
  if parent and redis.call('EXISTS', key('run', parent)) == 1 then
    local plan, tasks = trial.plan, trial.tasks
    local place = #plan.heads + 1
    plan.heads[place], plan.lanes[place] = head, record_lane(head)
    queue_task(trial, place, text)
    tasks[#tasks].record = head .. '\n' .. text .. '\n' .. trial.run.id .. ' ' .. state
  end
end
