--- run_text: the facts of a run as field `f` of its hash: state; revision; round; the state that a paused run goes
--- back to, or `-`; then 0 or 1: whether it is failing, whether a cancel asked for rollback; rollbacks that are
--- stuck; 0 or 1: has a callback URL, has a parent; tasks that are open; tasks that were made; moment (ms) of the
--- last entry of its history; 0 or 1: whether parked tasks are left to be queued again.
local function run_text(facts)
  return string.format('%s %d %d %s %d %d %d %d %d %d %d %.0f %d', facts.state, facts.revision, facts.round, facts.from,
    facts.failing, facts.rolls, facts.stuck, facts.callback, facts.parent, facts.open, facts.made, facts.last,
    facts.rest)
end
