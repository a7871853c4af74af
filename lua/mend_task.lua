--- mend_task: puts a live task that is nowhere, in several places or in a wrong one into exactly one. A lease wins over
--- a lane, a lane over a shelf, that over a timer and that over a dead letter; of two leases the one that ends later.
--- One that is nowhere goes to the tail of its lane.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] id: task
--- ARGV[2] hint: a key (without the prefix) in which it is although it should not be, or ''
--- ARGV[3] depth: how far from both its ends (number of tasks) a lane is searched
--- ARGV[4] searched: '1' if lanes that are longer than that were searched by the caller, who found it in none
--- returns: 'mended', 'gone' (it is in one place, and that a right one, or no more), or 'left': it cannot be told now
--@include key
--@include number
--@include clock
--@include record_lane
--@include places_of
--@include pull
--@include lease_parts
--@include rank_of
--@include push_groups
--@include free
--@include gate_at
--@include wake_rings
local id, hint, depth = ARGV[1], ARGV[2], number(3, 'depth')
local record = redis.call('HGET', key('tasks'), id)
if not record then
  return 'gone'
elseif not string.find(record, '^[^\t\n]*\t[^\t\n]*\t[^\t\n]*\t') then
  return 'left'
end
local lane, _, queue = record_lane(record)
local now, _, us = clock()
local found, is_deep, freed, roused = {}, false, {}, {}
local located, astray = places_of({ id, hint }, depth)
local places, wrong = located[1], astray[1] and hint or ''
for i = 1, #places, 2 do
  is_deep = is_deep or places[i] == 'deep'
  found[#found + 1] = places[i] == 'in' and places[i + 1] or nil
end
local is_misplaced = #found == 1 and found[1] == wrong
if #found == 1 and not is_misplaced or (#found == 0 and is_deep and ARGV[4] ~= '1') then
  return is_deep and 'left' or 'gone'
end
table.sort(found, function(a, b) return rank_of(a, wrong) < rank_of(b, wrong) end)
local moment, is_left
for i = is_misplaced and 1 or 2, #found do
  if string.find(found[i], '^de%l+:') then
    moment = redis.call('ZSCORE', key(found[i]), id) or moment
  end
  is_left = not pull(id, found[i], depth, freed) or is_left
end
-- The lease that stays goes on counting.
local kept = not is_misplaced and found[1] and string.find(found[1], '^held:') and redis.call('HGET', key(found[1]), id)
local _, _, names = lease_parts(kept or '')
for name in string.gmatch(names or '', '[^\n]+') do
  freed[name] = nil
end
local form = is_misplaced and string.match(hint, '^%l+')
if form == 'delayed' or form == 'dead' then
  redis.call('ZADD', key(form, queue), moment or string.format('%.0f', now), id)
elseif (is_misplaced and not is_left) or #found == 0 then
  push_groups({ [lane] = { id } }, now)
end
roused[queue] = true
free(freed, gate_at(now, us, roused), roused)
wake_rings(roused)
return is_left and 'left' or 'mended'
