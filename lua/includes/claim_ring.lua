--- claim_ring: claims up to `room` tasks of one ring for a worker: appends id and record to `reply`, fields of the
--- lease to `leases`, and id and history of tasks that were in trouble before to `tried`. `takes(kind)` says whether
--- the worker takes another task of this kind now, and whether it has to be asked for each (nil: it takes any); those
--- that it does not take are set aside in the ring of their kind, once, so that nobody meets them again who does not
--- ask for them.
--- Returns the number claimed and whether tasks may be left.
--@include key
--@include lane_parts
--@include record_lane
--@include take
--@include push_groups
--@include wake
local function claim_ring(ring, room, takes, claim, now, reply, leases, tried, worker)
  local claimed, passed, left = 0, 0, true
  local troubled = redis.call('EXISTS', key('tries')) == 1
  -- Most tasks are of the kind of the one before: comparing its head is cheaper than reading it and asking again.
  local sub, kind, head, wanted, is_bounded = string.sub, nil, '\t', true, false
  local aside, aside_kinds = {}, {}
  while claimed < room and left and passed <= 256 do
    local taken
    taken, left = take(ring, room - claimed, now)
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
    local tries = troubled and all[1] and redis.call('HMGET', key('tries'), unpack(all)) or {}
    local place = 0
    for _, group in ipairs(taken) do
      local lane, ids = group[1], group[2]
      local lease = claim .. '\t' .. lane
      local at, leased = #reply, #leases
      for i = 1, #ids do
        place = place + 1
        local id, record = ids[i], records[place]
        if record then
          if takes then
            if sub(record, 1, #head) ~= head then
              kind = string.match(record, '^[^\t]*')
              head = kind .. '\t'
              wanted, is_bounded = takes(kind)
            elseif is_bounded then
              wanted = takes(kind)
            end
          end
          if wanted then
            claimed = claimed + 1
            reply[at + 1], reply[at + 2] = id, record
            leases[leased + 1], leases[leased + 2] = id, lease
            at, leased = at + 2, leased + 2
            if tries[place] then
              tried[#tried + 1] = id
              tried[#tried + 1] = tries[place]
            end
          else
            passed = passed + 1
            local _, _, _, queue = lane_parts(lane)
            local rest = string.match(lane, '^[^\t]*(.*)$')
            local to = queue .. '|' .. kind .. rest
            aside[to] = aside[to] or {}
            table.insert(aside[to], id)
            aside_kinds[kind] = queue
          end
        else
          -- Cancelled deep down in its lane.
          passed = passed + 1
        end
      end
    end
  end
  push_groups(aside, now)
  for other, queue in pairs(aside_kinds) do
    wake(queue, other, worker)
  end
  return claimed, left
end
