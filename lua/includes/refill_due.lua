--- refill_due: when (ms) a rate limit has a token again, with `more` further ones used up until then.
local function refill_due(limit, more)
  return math.ceil((limit.paid + ((more or 0) + 1 - limit.burst) * limit.interval) / 1000)
end
