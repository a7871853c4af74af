--- queue_task: makes a task of a run, to be stored by `store_runs`. Its id is made of the run's and a number that
--- sorts; its payload is `round TAB what it is for`, then LF and what comes with it, if anything does. `head` is the
--- place of its head in the plan, `start` as for `enqueue`. Returns its id.
local function queue_task(trial, head, text, start, with)
  local facts = trial.facts
  facts.made = facts.made + 1
  local count = string.format('%d', facts.made)
  local id = trial.run.id .. '-' .. string.char(96 + #count) .. count
  local record = trial.plan.heads[head] .. '\n' .. string.format('%d', facts.round) .. '\t' .. text
    .. (with and '\n' .. with or '')
  trial.tasks[#trial.tasks + 1] = { lane = trial.plan.lanes[head], id = id, record = record, start = start or '' }
  return id
end
