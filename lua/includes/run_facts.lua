--- run_facts: the facts of a run, from field `f` of its hash: words with spaces between them, in the order of
--- `run_text`. States are letters (see Storage.md); those in which a run has ended are capitals.
local fact_names = {
  'state', 'revision', 'round', 'from', 'failing', 'rolls', 'stuck', 'callback', 'parent', 'open', 'made', 'last',
  'rest',
}
local function run_facts(text)
  local facts, at = {}, 0
  for word in string.gmatch(text, '[^ ]+') do
    at = at + 1
    facts[fact_names[at]] = (at == 1 or at == 4) and word or tonumber(word)
  end
  return facts
end
