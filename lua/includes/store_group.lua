--- store_group: stores tasks that share lane, start and extras, and puts them where they wait. `values` has id,
--- record, ... from `from` to `to`, which are written here unless `group.is_stored`. `plan` collects what `finish_plan`
--- then does at once for all groups, and `gate` knows of limits on kinds (nil: there are none).
--@include key
--@include lane_parts
--@include dated
--@include kind_lane
--@include load_limits
--@include load_terms
--@include push
--@include put_at
--@include tie
local function store_group(group, values, from, to, plan, now, gate)
  local asked, tasks = group.extras, key('tasks')
  local _, _, _, queue = lane_parts(group.lane)
  local ids = {}
  for i = from, to, 2 do
    ids[#ids + 1] = values[i]
  end
  local start = group.start
  if group.caps or next(asked) then
    start = tie(group, ids, now)
  end
  if asked.d then
    for j = from + 1, to, 2 do
      redis.call('HSET', tasks, values[j - 1], dated(values[j], now + asked.d))
    end
  elseif not group.is_stored then
    for first = from, to, 2000 do
      redis.call('HSET', tasks, unpack(values, first, math.min(first + 1999, to)))
    end
  end
  if asked.x then
    put_at(key('expiring', queue), ids, now + asked.x)
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
    put_at(key('delayed', queue), ids, due)
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
