--- element: the value of an element of the key `aspect:part` (see `shape_of`), '' where it has none, nil if it is gone.
--@include key
--@include shape_of
local function element(aspect, part, item)
  local shape = shape_of(aspect)
  local name = key(aspect, part ~= '' and part or nil)
  if shape == 'hash' then
    return redis.call('HGET', name, item) or nil
  elseif shape == 'zset' then
    return redis.call('ZSCORE', name, item) or nil
  elseif shape == 'set' then
    return redis.call('SISMEMBER', name, item) == 1 and '' or nil
  end
  -- A name of a queue that is nowhere listed has no key; the others are keys, whole or with the aspect before them.
  local whole = (aspect == 'part' or aspect == 'life') and key(part) or name
  return (aspect == 'queue' or redis.call('EXISTS', whole) == 1) and '' or nil
end
