--- total: adds to a queue's statistics. They are for people; no decision reads them.
--@include key
local function total(queue, name, by)
  redis.call('HINCRBY', key('totals', queue), name, by)
end
