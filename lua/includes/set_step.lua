--- set_step: sets a step's state, and the branch that it decided for. `pending` is not written.
local function set_step(trial, step, state, branch)
  trial.changed['s:' .. step] = state ~= 'p' and state .. branch or false
  trial.moves[#trial.moves + 1] = 's' .. state .. step .. (branch ~= '' and '\t' .. branch or '')
end
