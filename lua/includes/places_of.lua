--- places_of: all places in which each of a few tasks is (`asked`: list of id, hint, ...; a hint is a key without the
--- prefix in which the task may be although it should not, or ''). Returns for each a list of 'in', place, ... and
--- 'deep', lane, ... A place is a key without the prefix; a lane is named as often as the task is in it, and is
--- searched whole only where it has no more than twice `depth` tasks. Returns for each besides whether its hint is a
--- place where it should not be.
--@include key
--@include lanes_of
--@include run_of
--@include leases_of
local function places_of(asked, depth)
  local found, ids, astray = {}, {}, {}
  for i = 1, #asked, 2 do
    ids[#ids + 1] = asked[i]
  end
  -- Most of those that a busy namespace is asked about have ended meanwhile.
  local live = {}
  for _, id in ipairs(ids) do
    live[#live + 1] = redis.call('HEXISTS', key('tasks'), id) == 1 and id or nil
  end
  local leases = leases_of(live)
  local function search(places, name, entry)
    local list = key(name)
    local length = redis.call('LLEN', list)
    local hits
    if length <= 2 * depth then
      hits = #redis.call('LPOS', list, entry, 'COUNT', 0)
    else
      hits = #redis.call('LPOS', list, entry, 'COUNT', 0, 'MAXLEN', depth)
        + #redis.call('LPOS', list, entry, 'RANK', -1, 'COUNT', 0, 'MAXLEN', depth)
      places[#places + 1], places[#places + 2] = 'deep', name
    end
    for _ = 1, hits do
      places[#places + 1], places[#places + 2] = 'in', name
    end
  end
  for i, id in ipairs(ids) do
    local places, hint = {}, asked[2 * i]
    local record = redis.call('HGET', key('tasks'), id)
    local known = {}
    for _, lease in ipairs(leases[id] or {}) do
      known['held:' .. lease[1]] = true
      places[#places + 1], places[#places + 2] = 'in', 'held:' .. lease[1]
    end
    if record and string.find(record, '^[^\t\n]*\t[^\t\n]*\t[^\t\n]*\t') then
      local lanes, queue = lanes_of(record)
      local run = run_of(record)
      for _, lane in ipairs(lanes) do
        known['lane:' .. lane] = true
        search(places, 'lane:' .. lane, id)
        if run then
          search(places, 'shelf:' .. run, id .. '\t' .. lane)
        end
      end
      for _, name in ipairs({ 'delayed:' .. queue, 'dead:' .. queue }) do
        known[name] = true
        if redis.call('ZSCORE', key(name), id) then
          places[#places + 1], places[#places + 2] = 'in', name
        end
      end
    end
    local form = string.match(hint, '^%l+')
    astray[i] = record and hint ~= '' and not known[hint] and form ~= 'held' and form ~= 'shelf'
    if not known[hint] and form == 'lane' then
      search(places, hint, id)
    elseif not known[hint] and ((form == 'held' and redis.call('HEXISTS', key(hint), id) == 1)
        or ((form == 'delayed' or form == 'dead') and redis.call('ZSCORE', key(hint), id))) then
      places[#places + 1], places[#places + 2] = 'in', hint
    end
    found[i] = places
  end
  return found, astray
end
