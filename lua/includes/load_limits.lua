--- load_limits: reads those of the limits called `names` that are set, with their present state, into `gate.limits`
--- (false: none). `scope:name` has a limit of its own or that of `scope:*`, each name then with its own tokens and
--- holders.
--@include key
local function load_limits(gate, names)
  local scopes, asked = {}, {}
  for _, name in ipairs(names) do
    if gate.limits[name] == nil then
      gate.limits[name] = false
      asked[#asked + 1] = name
      local scope = string.match(name, '^[^:]*:') .. '*'
      if gate.wild[scope] == nil then
        gate.wild[scope] = false
        scopes[#scopes + 1] = scope
      end
    end
  end
  if #asked == 0 then
    return
  end
  if #scopes > 0 then
    for i, text in ipairs(redis.call('HMGET', key('limits'), unpack(scopes))) do
      gate.wild[scopes[i]] = text
    end
  end
  local rates = {}
  for from = 1, #asked, 1000 do
    local found = redis.call('HMGET', key('limits'), unpack(asked, from, math.min(from + 999, #asked)))
    for i, text in ipairs(found) do
      local name = asked[from + i - 1]
      text = text or gate.wild[string.match(name, '^[^:]*:') .. '*']
      if text then
        local interval, burst, most = string.match(text, '^([^\t]*)\t([^\t]*)\t([^\t]*)')
        local limit = { name = name, interval = tonumber(interval), burst = tonumber(burst), most = tonumber(most) }
        gate.limits[name] = limit
        if limit.interval then
          limit.paid = gate.us
          rates[#rates + 1] = name
        end
        if limit.most then
          limit.held = redis.call('SCARD', key('holders', name))
        end
      end
    end
  end
  for from = 1, #rates, 1000 do
    local paid = redis.call('HMGET', key('tokens'), unpack(rates, from, math.min(from + 999, #rates)))
    for i, text in ipairs(paid) do
      local limit = gate.limits[rates[from + i - 1]]
      limit.paid = math.max(tonumber(text) or 0, gate.us)
      -- Terms that were slower, or had a larger burst, bind no longer than the present ones (20 ms: clocks may step).
      local most = gate.us + limit.burst * limit.interval
      if limit.paid > most + 20000 then
        limit.paid, limit.changed = most, true
      end
    end
  end
end
