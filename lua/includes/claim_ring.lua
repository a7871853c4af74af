--- claim_ring: claims up to `room` tasks of one ring for a worker: appends id, record and history to `reply` and fields
--- of the lease to `leases`. `takes(kind)` says whether the worker takes another task of this kind now; those that it does
--- not take are set aside in the ring of their kind, once, so that nobody meets them again who does not ask for them.
--- Returns the number claimed and whether tasks may be left.
--@include key
--@include lane_parts
--@include record_lane
--@include take
--@include push_groups
--@include wake
local function claim_ring(ring, room, takes, claim, now, reply, leases, worker)
  local claimed, passed, left = 0, 0, true
  local aside, aside_kinds = {}, {}
  while claimed < room and left and passed <= 256 do
    local taken
    taken, left = take(ring, room - claimed, now)
    for _, group in ipairs(taken) do
      local lane, ids = group[1], group[2]
      local lease = claim .. '\t' .. lane
      local records = redis.call('HMGET', key('tasks'), unpack(ids))
      local tries = redis.call('HMGET', key('tries'), unpack(ids))
      for i, id in ipairs(ids) do
        local record = records[i]
        if record then
          local kind = string.match(record, '^[^\t]*')
          if takes(kind) then
            claimed = claimed + 1
            local at = #reply
            reply[at + 1], reply[at + 2], reply[at + 3] = id, record, tries[i] or ''
            at = #leases
            leases[at + 1], leases[at + 2] = id, lease
          else
            passed = passed + 1
            local _, _, _, queue = lane_parts(lane)
            local rest = string.match(lane, '^[^\t]*(.*)$')
            local to = queue .. '|' .. kind .. rest
            aside[to] = aside[to] or {}
            table.insert(aside[to], id)
            aside_kinds[kind] = queue
          end
        end
      end
    end
  end
  push_groups(aside, now)
  for kind, queue in pairs(aside_kinds) do
    wake(queue, kind, worker)
  end
  return claimed, left
end
