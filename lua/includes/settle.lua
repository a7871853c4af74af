--- settle: writes what a claim took from limits.
--@include key
local function settle(gate)
  local tokens = {}
  for name, limit in pairs(gate.limits) do
    if limit and limit.changed then
      tokens[#tokens + 1] = name
      tokens[#tokens + 1] = limit.paid
    end
  end
  for from = 1, #tokens, 2000 do
    redis.call('HSET', key('tokens'), unpack(tokens, from, math.min(from + 1999, #tokens)))
  end
  for name, ids in pairs(gate.holding) do
    for from = 1, #ids, 1000 do
      redis.call('SADD', key('holders', name), unpack(ids, from, math.min(from + 999, #ids)))
    end
  end
end
