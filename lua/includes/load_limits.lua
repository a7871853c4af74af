--- load_limits: reads those of the limits called `names` that are set, with their present state, into `gate.limits`
--- (false: none). `scope:name` has a limit of its own or that of `scope:*`, each name then with its own tokens and
--- holders.
--@seldom
--@include key
--@include load_terms
local function load_limits(gate, names)
  local asked, scopes = {}, {}
  for _, name in ipairs(names) do
    if gate.limits[name] == nil then
      gate.limits[name] = false
      asked[#asked + 1] = name
      scopes[#scopes + 1] = string.sub(name, 1, string.find(name, ':', 1, true)) .. '*'
    end
  end
  if #asked == 0 then
    return
  end
  load_terms(gate)
  for _, list in ipairs(gate.are_few and {} or { asked, scopes }) do
    for from = 1, #list, 1000 do
      local to = math.min(from + 999, #list)
      for i, text in ipairs(redis.call('HMGET', key('limits'), unpack(list, from, to))) do
        gate.terms[list[from + i - 1]] = text
      end
    end
  end
  local rates, parsed = {}, {}
  for i, name in ipairs(asked) do
    local text = gate.terms[name] or gate.terms[scopes[i]]
    if text then
      local terms = parsed[text]
      if not terms then
        local interval, burst, most = string.match(text, '^([^\t]*)\t([^\t]*)\t([^\t]*)')
        terms = { tonumber(interval), tonumber(burst), tonumber(most) }
        parsed[text] = terms
      end
      -- All fields at once: a table that grows costs more.
      gate.limits[name] = {
        name = name, interval = terms[1], burst = terms[2], most = terms[3], paid = gate.us,
        held = terms[3] and redis.call('SCARD', key('holders', name)) or 0, lanes = 0, look = 0, woken = 0,
        changed = false, is_dry = false,
      }
      if terms[1] then
        rates[#rates + 1] = name
      end
    end
  end
  for from = 1, #rates, 1000 do
    local paid = redis.call('HMGET', key('tokens'), unpack(rates, from, math.min(from + 999, #rates)))
    for i, text in ipairs(paid) do
      if text then
        local limit = gate.limits[rates[from + i - 1]]
        limit.paid = math.max(tonumber(text), gate.us)
        -- Terms that were slower, or had a larger burst, bind no longer than the present ones (20 ms: clocks may step).
        local most = gate.us + limit.burst * limit.interval
        if limit.paid > most + 20000 then
          limit.paid, limit.changed = most, true
        end
      end
    end
  end
end
