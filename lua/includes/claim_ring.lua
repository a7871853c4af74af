--- claim_ring: claims up to `room` tasks of one ring for a worker, as far as limits let it (`gate`, nil where there
--- are none). In `claims` it appends id and record to `reply`, fields of the lease to `leases`, id and history of
--- tasks that were in trouble before to `tried`, and ids to `bound` if tasks with bonds exist. `takes(kind)` says
--- whether the worker takes another task of this kind now, and whether it has to be asked for each (nil: it takes
--- any); those that it does not take are set aside in the ring of their kind, once, so that nobody meets them again
--- who does not ask for them. Tasks of a kind that has a limit wait in lanes of their own, so that no others wait
--- behind them. Returns the number claimed and whether tasks may be left.
--@include key
--@include lane_parts
--@include kind_lane
--@include take
--@include charge
--@include load_limits
--@include load_terms
--@include park
--@include push_groups
--@include wake
local function claim_ring(ring, room, takes, claims, now, gate)
  local claimed, passed, left = 0, 0, true
  local reply, leases, tried = claims.reply, claims.leases, claims.tried
  -- Most tasks are of the kind of the one before: comparing its head is cheaper than reading it and asking again.
  local sub, kind, head, wanted, is_bounded, has_limit = string.sub, nil, '\t', true, false, false
  local aside, aside_kinds, beside = {}, {}, {}
  local on_kinds = gate and load_terms(gate)
  local _, _, _, queue = lane_parts(ring .. '\t')
  while claimed < room and left and passed <= 256 do
    local taken
    taken, left = take(ring, room - claimed, now, gate)
    -- However damaged a ring is, this ends.
    passed = passed + (taken[1] and 0 or 1)
    -- Read together, however many lanes they come from: no more than there is room for.
    local all = taken[1] and taken[1][2] or {}
    if #taken > 1 then
      all = {}
      for _, group in ipairs(taken) do
        for _, id in ipairs(group[2]) do
          all[#all + 1] = id
        end
      end
    end
    local records = all[1] and redis.call('HMGET', key('tasks'), unpack(all)) or {}
    local tries = claims.troubled and all[1] and redis.call('HMGET', key('tries'), unpack(all)) or {}
    local place = 0
    for _, group in ipairs(taken) do
      local lane, ids = group[1], group[2]
      local lease, holds, before = claims.claim .. '\t' .. lane, {}, claimed
      local own_kind = on_kinds and string.match(lane, '^[^\t]*\t[^\t]*\t[^\t]*.-\tkind:([^\t]*)$')
      for _, limit in ipairs(gate and gate.of[lane] or {}) do
        if limit.most then
          gate.holding[limit.name] = gate.holding[limit.name] or {}
          holds[#holds + 1] = gate.holding[limit.name]
          lease = lease .. '\n' .. limit.name
        end
      end
      local at, leased = #reply, #leases
      for i = 1, #ids do
        place = place + 1
        local id, record = ids[i], records[place]
        if record then
          if takes or on_kinds then
            if sub(record, 1, #head) ~= head then
              kind = string.match(record, '^[^\t]*')
              head = kind .. '\t'
              if takes then
                wanted, is_bounded = takes(kind)
              end
              if on_kinds then
                load_limits(gate, { 'kind:' .. kind })
                has_limit = gate.limits['kind:' .. kind]
              end
            elseif is_bounded then
              wanted = takes(kind)
            end
          end
          if not wanted then
            passed = passed + 1
            local to = queue .. '|' .. kind .. string.match(lane, '^[^\t]*(.*)$')
            aside[to] = aside[to] or {}
            table.insert(aside[to], id)
            aside_kinds[kind] = true
          elseif has_limit and own_kind ~= kind then
            passed = passed + 1
            local to = kind_lane(lane, kind)
            beside[to] = beside[to] or {}
            table.insert(beside[to], id)
            if is_bounded then
              claims.untake(kind)
            end
          else
            claimed = claimed + 1
            reply[at + 1], reply[at + 2] = id, record
            leases[leased + 1], leases[leased + 2] = id, lease
            at, leased = at + 2, leased + 2
            for _, holders in ipairs(holds) do
              holders[#holders + 1] = id
            end
            if tries[place] then
              tried[#tried + 1] = id
              tried[#tried + 1] = tries[place]
            end
          end
        else
          -- Cancelled deep down in its lane.
          passed = passed + 1
        end
      end
      if gate and claimed - before < #ids then
        charge(gate, lane, claimed - before - #ids)
      end
    end
    if gate then
      -- Lanes that were met for nothing, since the limit which blocks them is new, or was used up by others.
      passed, gate.met = passed + gate.met, 0
      if gate.parked[1] and park(gate, ring, queue) then
        left = true
      end
    end
    if next(beside) then
      push_groups(beside, now)
      beside, left = {}, true
    end
  end
  if next(aside) then
    push_groups(aside, now)
  end
  for other in pairs(aside_kinds) do
    wake(queue, other, claims.worker)
  end
  return claimed, left
end
