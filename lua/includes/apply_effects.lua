--- apply_effects: applies effects in order to a run as a commit sees it that is being tried (see `try_plan`). Returns
--- false if one finds another state than it expects; nothing has been written then.
--@seldom
--@include trial_field
--@include step_state
--@include set_step
--@include queue_task
--@include launch
--@include arrive
--@include open_fan
--@include end_items
--@include move_run
--@include reset_step
--@include await_signal
--@include take_signal
--@include start_child
--@include tell_parent
--@include erase_step
--@include erase_run
local function apply_effects(trial, effects)
  local facts, plan, changed, deeds = trial.facts, trial.plan, trial.changed, trial.deeds
  local idle = {}
  for _, effect in ipairs(effects) do
    local name, a, b, c, d = unpack(effect, 1, 5)
    if name == 'idle' then
      for _, later in ipairs(a) do
        idle[#idle + 1] = later
      end
    elseif name == 'run' then
      if facts.state ~= a or not move_run(trial, b) then
        return false
      end
    elseif name == 'fact' then
      facts[a], facts.revision = b, facts.revision + 1
    elseif name == 'move' then
      if step_state(trial, a) ~= b then
        return false
      end
      set_step(trial, a, c, d)
      if plan.error ~= '' and (c == 'f' or c == 'x') then
        changed[(c == 'f' and 'e:' or 'z:') .. a] = plan.error
      end
    elseif name == 'keep' then
      changed['o:' .. a] = plan.output
    elseif name == 'launch' then
      launch(trial, unpack(effect, 2))
    elseif name == 'add' then
      queue_task(trial, a, b, '', d == 1 and plan.output)
      facts.open = facts.open + c
    elseif name == 'arrive' then
      if arrive(trial, a .. ':' .. b, unpack(effect, 4, 7)) then
        launch(trial, unpack(effect, 8))
      end
    elseif name == 'reset' then
      reset_step(trial, unpack(effect, 2))
    elseif name == 'close' then
      facts.open = facts.open - 1
    elseif name == 'arm' or name == 'armat' then
      local start = c and '+' .. string.format('%.0f', c) or '@' .. plan.moment
      deeds[#deeds + 1] = { 'arm', b, queue_task(trial, a, b, start) }
    elseif name == 'disarm' then
      deeds[#deeds + 1] = { 'disarm', a }
    elseif name == 'fan' then
      open_fan(trial, unpack(effect, 2))
    elseif name == 'items' then
      end_items(trial, unpack(effect, 2))
    elseif name == 'release' then
      deeds[#deeds + 1] = { 'release' }
    elseif name == 'enter' then
      local visit = (tonumber(string.match(trial_field(trial, 'm') or '', '^%d+')) or 0) + 1
      changed.m = string.format('%d', visit) .. ' ' .. a
      facts.revision, facts.open = facts.revision + 1, 0
      deeds[#deeds + 1] = { 'clear' }
      trial.moves[#trial.moves + 1] = 'm' .. a
    elseif name == 'await' then
      await_signal(trial, a, b, c, d)
    elseif name == 'signal' then
      take_signal(trial, a)
    elseif name == 'child' then
      start_child(trial, unpack(effect, 2))
    elseif name == 'stop' then
      deeds[#deeds + 1] = { 'stop', trial_field(trial, 'c:' .. a) }
    elseif name == 'tell' then
      tell_parent(trial, a)
    elseif name == 'var' then
      trial.vars[a] = b
    elseif name == 'erase' then
      erase_step(trial, a)
    elseif name == 'forget' then
      erase_run(trial, a)
    elseif name == 'object' then
      changed.b, facts.revision = plan.output, facts.revision + 1
    end
  end
  return not (facts.open == 0 and idle[1]) or apply_effects(trial, idle)
end
