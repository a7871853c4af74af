--- rank_of: how good a place is for a task, the best is the least: a lease, the later it ends the better; a lane, a
--- shelf, a timer, a dead letter; a place where it should not be is the last.
--@include key
local function rank_of(place, wrong)
  local form, part = string.match(place, '^(%l+):(.*)$')
  local ranks = { held = 0, lane = 2, shelf = 3, delayed = 4, dead = 5 }
  if form == 'held' then
    return 1 / math.max(tonumber(redis.call('ZSCORE', key('workers'), part)) or 1, 1)
  end
  return ranks[form] + (place == wrong and 10 or 0)
end
