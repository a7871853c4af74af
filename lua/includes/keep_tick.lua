--- keep_tick: when a worker is to look at the schedules again, of which the next is due at `moment`. The first who asks
--- is there in time; the others a little later, in case that it has died: all at once they would be in its way.
--@include key
local function keep_tick(worker, moment)
  local text = string.format('%.0f', moment)
  local keeper = redis.call('HGET', key('clock'), 'keeper')
  local at, other = string.match(keeper or '', '^(%d+) (.*)$')
  if at == text and other ~= worker then
    return moment + 200
  elseif at ~= text then
    redis.call('HSET', key('clock'), 'keeper', text .. ' ' .. worker)
  end
  return moment
end
