--- erase_rest: removes what a run whose data were deleted has kept of them.
--@include key
local function erase_rest(run)
  local name, rest = key('run', run), {}
  for _, field in ipairs(redis.call('HKEYS', name)) do
    if field == 'u' or string.find(field, '^[oezvn]:') then
      rest[#rest + 1] = field
    end
  end
  for from = 1, #rest, 1000 do
    redis.call('HDEL', name, unpack(rest, from, math.min(from + 999, #rest)))
  end
  redis.call('UNLINK', key('vars', run), key('signals', run), key('errors', run), key('fans', run))
end
