--- hand_out: the schedules that are due, up to 50 and at least one, for the calling worker to fire. If it does not
--- within a second, they are handed out again. Also returns the moment at which the next of all is due.
--@seldom
--@include key
local function hand_out(now)
  local ticks = key('ticks')
  local due = redis.call('ZRANGE', ticks, '-inf', string.format('%.0f', now), 'BYSCORE', 'LIMIT', 0, 50)
  local later, words = string.format('%.0f', now + 1000), {}
  for _, name in ipairs(due) do
    words[#words + 1], words[#words + 2] = later, name
  end
  redis.call('ZADD', ticks, unpack(words))
  return due, tonumber(redis.call('ZRANGE', ticks, 0, 0, 'WITHSCORES')[2])
end
