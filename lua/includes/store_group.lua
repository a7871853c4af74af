--- store_group: stores tasks that share lane, start and extras, and puts them where they wait. `values` has id,
--- record, ... from `from` to `to`. `plan` collects what `finish_plan` then does at once for all groups, and `gate`
--- knows of limits on kinds (nil: there are none).
--@include key
--@include lane_parts
--@include dated
--@include kind_lane
--@include load_limits
--@include load_terms
--@include push
local function store_group(group, values, from, to, plan, now, gate)
  local asked, tasks = group.extras, key('tasks')
  local _, _, _, queue = lane_parts(group.lane)
  local ids = {}
  for i = from, to, 2 do
    ids[#ids + 1] = values[i]
  end
  local function schedule(name, moment)
    local score = string.format('%.0f', moment)
    for first = 1, #ids, 1000 do
      local members = {}
      for i = first, math.min(first + 999, #ids) do
        members[#members + 1] = score
        members[#members + 1] = ids[i]
      end
      redis.call('ZADD', name, unpack(members))
    end
  end
  if asked.k then
    redis.call('SET', key('dedupe', asked.k), ids[1], 'PX', asked.p)
  end
  local bonds, start = '', group.start
  if asked.u then
    local mode, unique = string.sub(asked.u, 1, 1), key('unique', string.sub(asked.u, 2))
    if mode == 'p' then
      redis.call('SET', unique, ids[1] .. '\tp', 'PX', asked.w)
    elseif mode == 'b' then
      local wait = tonumber(asked.w)
      local limit = now + math.max(tonumber(asked.m or 0), wait)
      redis.call('SET', unique, ids[1] .. '\t' .. string.format('%.0f', limit))
      bonds, start = '\nus' .. string.sub(asked.u, 2), '+' .. asked.w
    else
      redis.call('SET', unique, ids[1])
      bonds = '\nu' .. asked.u
    end
  end
  if asked.b then
    bonds = bonds .. '\nb' .. asked.b
    for first = 1, #ids, 1000 do
      redis.call('SADD', key('members', asked.b), unpack(ids, first, math.min(first + 999, #ids)))
    end
    redis.call('HINCRBY', key('batch', asked.b), 'total', #ids)
  end
  if asked.o then
    bonds = bonds .. '\no' .. asked.o
    for first = 1, #ids, 1000 do
      redis.call('SADD', key('fires', asked.o), unpack(ids, first, math.min(first + 999, #ids)))
    end
  end
  for _, cap in ipairs(group.caps or {}) do
    bonds = bonds .. '\nc' .. cap.target
    schedule(key('live', cap.target), now)
  end
  if bonds ~= '' then
    for first = 1, #ids, 1000 do
      local fields = {}
      for i = first, math.min(first + 999, #ids) do
        fields[#fields + 1] = ids[i]
        fields[#fields + 1] = string.sub(bonds, 2)
      end
      redis.call('HSET', key('bonds'), unpack(fields))
    end
  end

  if asked.d then
    for j = from + 1, to, 2 do
      redis.call('HSET', tasks, values[j - 1], dated(values[j], now + asked.d))
    end
  else
    for first = from, to, 2000 do
      redis.call('HSET', tasks, unpack(values, first, math.min(first + 1999, to)))
    end
  end
  if asked.x then
    schedule(key('expiring', queue), now + asked.x)
    plan.earlier[queue] = true
  end
  local due
  if start ~= '' then
    due = tonumber(string.sub(start, 2)) + (string.sub(start, 1, 1) == '+' and now or 0)
  end
  if due and due > now then
    local first = redis.call('ZRANGE', key('delayed', queue), 0, 0, 'WITHSCORES')[2]
    if not first or due < tonumber(first) then
      plan.earlier[queue] = true
    end
    schedule(key('delayed', queue), due)
    redis.call('SADD', key('queues'), queue)
  elseif gate and load_terms(gate) then
    -- Kinds that have a limit wait in lanes of their own.
    local lanes = {}
    for i, id in ipairs(ids) do
      local kind = string.match(values[from + 2 * i - 1], '^[^\t]*')
      load_limits(gate, { 'kind:' .. kind })
      local lane = gate.limits['kind:' .. kind] and kind_lane(group.lane, kind) or group.lane
      lanes[lane] = lanes[lane] or {}
      table.insert(lanes[lane], id)
    end
    for lane, list in pairs(lanes) do
      push(lane, list, plan.entering)
    end
    plan.ready[queue] = true
  else
    push(group.lane, ids, plan.entering)
    plan.ready[queue] = true
  end
end
