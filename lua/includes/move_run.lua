--- move_run: sets a run's state. Into `pending` (p) a new round begins; a paused run (u) remembers where it came from;
--- one that has a foreign id (field `x`) holds it while it is live. Returns false if another run holds it now, which is
--- noted as `rival`.
--@include key
local function move_run(trial, to)
  local facts, name = trial.facts, trial.run.fields.x
  local was_over, is_over = string.find(facts.state, '%u'), string.find(to, '%u')
  if name and was_over and not is_over then
    local holder = redis.call('HGET', key('foreign'), name)
    if holder and holder ~= trial.run.id then
      trial.run.rival = holder
      return false
    end
    trial.deeds[#trial.deeds + 1] = { 'hold', name }
  elseif name and is_over and not was_over then
    trial.deeds[#trial.deeds + 1] = { 'let go', name }
  end
  if to == 'u' then
    facts.from = facts.state
  elseif facts.state == 'u' then
    facts.from = '-'
  end
  if to == 'p' then
    facts.round, facts.open = facts.round + 1, 0
    facts.failing, facts.rolls, facts.stuck = 0, 0, 0
    trial.deeds[#trial.deeds + 1] = { 'clear' }
  end
  facts.state, facts.revision = to, facts.revision + 1
  trial.moves[#trial.moves + 1] = 'r' .. to
  return true
end
