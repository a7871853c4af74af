--- check_limits: a slot is a lease; a lane that is parked stands in the line of its limit, and something will wake it.
--@include key
--@include lane_parts
--@include lease_parts
local function check_limits(tell, aspect, part, item, value, _, leases)
  local function is_in_line(limit, lane)
    local line = redis.call('HGET', key('lines'), limit)
    if line == '' then
      return redis.call('ZSCORE', key('waiting', limit), lane)
    end
    return line and string.sub(line, (string.find(line, '\t', 1, true) or 0) + 1) == lane
  end
  local function is_parked(limit, lane)
    return string.find(lane, '\t', 1, true) and redis.call('HGET', key('parked', lane_parts(lane)), lane) == limit
  end
  if aspect == 'holders' then
    local is_held = false
    for _, lease in ipairs(leases[item] or {}) do
      local _, _, names = lease_parts(lease[2])
      is_held = is_held or string.find((names or '') .. '\n', '\n' .. part .. '\n', 1, true)
    end
    if not is_held then
      tell('holders.leaked')
    end
  elseif aspect == 'parked' then
    local _, _, _, queue = lane_parts(item)
    if redis.call('EXISTS', key('lane', item)) == 0 then
      tell('parked.empty', value)
    elseif not is_in_line(value, item) then
      tell('parked.unlined', value)
    elseif not redis.call('ZSCORE', key('contended'), value)
        and not redis.call('ZSCORE', key('refill', queue), value) then
      -- A limit of several queues has a timer in one of them.
      local is_woken = false
      for _, name in ipairs(redis.call('SMEMBERS', key('queues'))) do
        is_woken = is_woken or redis.call('ZSCORE', key('refill', name), value)
      end
      if not is_woken then
        tell('parked.unwoken', value)
      end
    end
  elseif aspect == 'lines' then
    if value == '' then
      if redis.call('EXISTS', key('waiting', item)) == 0 then
        tell('lines.empty')
      end
    elseif not is_parked(item, string.match(value, '^[^\t]*\t(.*)$') or '') then
      tell('lines.orphan', value)
    end
  elseif aspect == 'waiting' then
    if not is_parked(part, item) then
      tell('waiting.orphan')
    elseif redis.call('HGET', key('lines'), part) ~= '' then
      tell('waiting.unnoted')
    end
  end
end
