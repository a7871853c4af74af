--- arrive: counts `taken` and `missed` edges at a join (field of the run: `taken missed`). Returns true in the moment
--- in which the join is decided: `need` of `edges` are taken, or can no longer be.
--@include trial_field
local function arrive(trial, name, taken, missed, need, edges)
  local before_taken, before_missed = string.match(trial_field(trial, name) or '0 0', '^(%d+) (%d+)$')
  local all_taken, all_missed = before_taken + taken, before_missed + missed
  trial.changed[name] = string.format('%d %d', all_taken, all_missed)
  local was_decided = tonumber(before_taken) >= need or tonumber(before_missed) > edges - need
  return not was_decided and (all_taken >= need or all_missed > edges - need)
end
