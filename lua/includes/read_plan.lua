--- read_plan: what a commit does to its run, from ARGV[at] on: error, output, moment (ms) or '', which effects may
--- use; for the history the attempt and how long it took (ms), '' where nobody has to know; the number of heads of
--- records, and these; the number of words of the effects (see `read_effects`), and these. Returns a table, and the
--- place behind it.
--@seldom
--@include number
--@include record_lane
--@include read_effects
local function read_plan(at)
  local plan = {
    error = ARGV[at], output = ARGV[at + 1], moment = ARGV[at + 2], attempt = ARGV[at + 3], took = ARGV[at + 4],
    heads = {}, lanes = {},
  }
  local count = number(at + 5, 'number of heads')
  at = at + 5
  for i = 1, count do
    plan.heads[i] = ARGV[at + i] or ''
    if not string.find(plan.heads[i], '^[^\t]+\t[^\t]+\t[^\t]*\t') then
      error({ err = 'BADCALL head ' .. i .. ' (argument ' .. at + i .. ') is none' })
    end
    plan.lanes[i] = record_lane(plan.heads[i])
  end
  at = at + count + 1
  local words = number(at, 'number of words of effects')
  if words > 0 and not ARGV[at + words] then
    error({ err = 'BADCALL the effects (argument ' .. at .. ') are not complete' })
  end
  plan.effects = read_effects(at + 1, at + words, count)
  return plan, at + words + 1
end
