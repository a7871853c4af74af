--- pull: takes a task out of one place (a key without the prefix). Limits under which a lease counted are noted in
--- `freed`; `free` must follow. False if it is too deep in a lane to be found.
--@include key
--@include lease_parts
--@include give_up
--@include leave
local function pull(id, place, depth, freed)
  local form, part = string.match(place, '^(%l+):(.*)$')
  if form == 'delayed' or form == 'dead' then
    redis.call('ZREM', key(place), id)
  elseif form == 'held' then
    local lease = redis.call('HGET', key(place), id)
    if lease then
      local _, _, names = lease_parts(lease)
      give_up(freed, names, id)
      redis.call('HDEL', key(place), id)
    end
  elseif form == 'lane' then
    local list = key(place)
    local is_near = redis.call('LLEN', list) <= 2 * depth
      or redis.call('LPOS', list, id, 'RANK', -1, 'MAXLEN', depth)
    -- From the tail: who is nearer to the head keeps its place.
    if is_near then
      redis.call('LREM', list, -1, id)
    elseif redis.call('LPOS', list, id, 'MAXLEN', depth) then
      redis.call('LREM', list, 1, id)
    else
      return false
    end
    if string.find(part, '\t', 1, true) then
      leave(part)
    end
  else
    local entry
    for _, text in ipairs(redis.call('LRANGE', key(place), 0, depth)) do
      entry = entry or (string.sub(text, 1, #id + 1) == id .. '\t' and text)
    end
    if not entry then
      return false
    end
    redis.call('LREM', key(place), 1, entry)
  end
  return true
end
