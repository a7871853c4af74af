--- shares: how many tasks each tenant gives now: weighted round robin in virtual time (stride scheduling, Waldspurger
--- and Weihl 1995). rounds[i] is the number of rounds that tenant i has had, ascending, and is moved on by 1/weight a
--- task; nobody gets ahead of a tenant that still has tasks by more than one round.
local function shares(rounds, lengths, weights, room)
  local share = {}
  for i = 1, #rounds do
    share[i] = 0
  end
  while room > 0 do
    local base, active = nil, 0
    for i = 1, #rounds do
      if share[i] < lengths[i] then
        active = active + 1
        if not base or rounds[i] < base then
          base = rounds[i]
        end
      end
    end
    if active == 0 then
      break
    end
    for i = 1, #rounds do
      local left = lengths[i] - share[i]
      if left > 0 and room > 0 and rounds[i] < base + 1 then
        local some = math.min(left, room)
        if active > 1 then
          some = math.min(some, math.max(1, math.ceil((base + 1 - rounds[i]) * weights[i] - 1e-9)))
        end
        share[i] = share[i] + some
        rounds[i] = rounds[i] + some / weights[i]
        room = room - some
      end
    end
  end
  return share
end
