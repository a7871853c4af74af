--- pop_wide: takes `want` tasks of a tenant with several lanes, the one with the oldest head (less priority) first;
--- looks at no more than 16 lanes a call. Appends {lane, ids} to `taken`; returns true when the tenant has no task
--- left.
--@include key
--@include lane_parts
local function pop_wide(ring, tenant, want, now, taken)
  local lanes = key('lanes', ring .. '\t' .. tenant)
  local rows = redis.call('ZRANGE', lanes, 0, 15, 'WITHSCORES')
  local count = #rows / 2
  while want > 0 and count > 0 do
    local best, second
    for i = 1, #rows, 2 do
      if rows[i] then
        local score = tonumber(rows[i + 1])
        if not best or score < tonumber(rows[best + 1]) then
          second = best and tonumber(rows[best + 1]) or second
          best = i
        elseif not second or score < second then
          second = score
        end
      end
    end
    local lane = rows[best]
    local _, _, priority = lane_parts(lane)
    local after = now - (priority or 0) * 60000
    local list = key('lane', lane)
    local some = 1
    if not second or after <= second then
      some = want
    end
    local ids = redis.call('LPOP', list, some)
    if ids and #ids > 0 then
      want = want - #ids
      table.insert(taken, { lane, ids })
    end
    if redis.call('EXISTS', list) == 0 then
      redis.call('ZREM', lanes, lane)
      rows[best], count = false, count - 1
    else
      rows[best + 1] = after
      redis.call('ZADD', lanes, string.format('%.0f', after), lane)
    end
  end
  if redis.call('EXISTS', lanes) == 0 then
    redis.call('SREM', key('wide', ring), tenant)
    return true
  end
  return false
end
