--- untie_all: `untie` for a list of tasks that have started, or ended and asked for no retention: those of `ids` from
--- `first` to `last`.
--@seldom
--@include key
--@include untie
local function untie_all(ids, first, last, event, now)
  for from = first, last, 1000 do
    for i, text in ipairs(redis.call('HMGET', key('bonds'), unpack(ids, from, math.min(from + 999, last)))) do
      if text then
        untie(ids[from + i - 1], text, event, now)
      end
    end
  end
end
