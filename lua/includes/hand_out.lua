--- hand_out: the schedules that are due, up to 50, for the calling worker to fire. If it does not within a second, they
--- are handed out again. Also returns the moment at which the next of all is due, or nil.
--@include key
local function hand_out(takes, now)
  local ticks, due = key('ticks'), {}
  local first = tonumber(redis.call('ZRANGE', ticks, 0, 0, 'WITHSCORES')[2])
  if takes and first and first <= now then
    due = redis.call('ZRANGE', ticks, '-inf', string.format('%.0f', now), 'BYSCORE', 'LIMIT', 0, 50)
    local later, words = string.format('%.0f', now + 1000), {}
    for _, name in ipairs(due) do
      words[#words + 1], words[#words + 2] = later, name
    end
    redis.call('ZADD', ticks, unpack(words))
    first = tonumber(redis.call('ZRANGE', ticks, 0, 0, 'WITHSCORES')[2])
  end
  return due, first
end
