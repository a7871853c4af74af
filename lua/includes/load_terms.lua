--- load_terms: reads the limits that are set into `gate.terms`, once and whole if they are few (`gate.are_few`): that
--- is less than to ask for the names of many lanes. Returns whether any kind may have a limit.
--@include key
local function load_terms(gate)
  if gate.terms then
    return gate.on_kinds
  end
  gate.terms = {}
  gate.are_few = redis.call('HLEN', key('limits')) <= 64
  gate.on_kinds = not gate.are_few
  local rows = gate.are_few and redis.call('HGETALL', key('limits')) or {}
  for i = 1, #rows, 2 do
    gate.terms[rows[i]] = rows[i + 1]
    gate.on_kinds = gate.on_kinds or string.sub(rows[i], 1, 5) == 'kind:'
  end
  return gate.on_kinds
end
