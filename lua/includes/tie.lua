--- tie: notes what else the start or end of new tasks means, as their group asks for it (see `extras`) and length caps
--- do. Returns their start, which a debounce puts off.
--@seldom
--@include key
--@include put_at
local function tie(group, ids, now)
  local asked = group.extras
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
    put_at(key('live', cap.target), ids, now)
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
  return start
end
