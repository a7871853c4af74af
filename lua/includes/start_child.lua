--- start_child: makes the run that a step starts, pending, with a task that starts it. Its id follows from the run that
--- starts it, the step and the round, so that there is one. Field `p` names that run, and of an awaited one says how to
--- tell it of the end.
--@seldom
--@include key
local function start_child(trial, step, awaited, workflow, shape, input, retention, child_head, head,
  text)
  local round = string.format('%d', trial.facts.round)
  local digest = redis.sha1hex(trial.run.id .. '\t' .. step .. '\t' .. round)
  -- The shard is in the eighth place.
  local id = string.sub(trial.run.id, 1, 8) .. string.sub(digest, 1, 24)
  trial.changed['c:' .. step] = id
  if redis.call('EXISTS', key('run', id)) == 1 then
    return
  end
  local fields = {
    w = workflow, d = shape, i = input, h = trial.plan.heads[child_head], p = trial.run.id,
    r = retention ~= '' and retention or nil,
  }
  if awaited == 1 then
    fields.p = fields.p .. '\n' .. trial.plan.heads[head] .. '\n' .. round .. '\t' .. text
  end
  trial.children[#trial.children + 1] = { id = id, fields = fields, awaited = awaited }
end
