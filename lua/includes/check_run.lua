--- check_run: a run can be read, everything that it refers to is there, and it is found where it is looked for.
--- Fan-outs are compared in runs of up to 5,000 fields.
--@include key
local function check_run(tell, _, part)
  local name = key('run', part)
  local known = redis.call('HMGET', name, 'f', 'w', 'a', 'd', 'x', 'r', 't')
  local text, workflow, since, digest, foreign, kept, tags = unpack(known, 1, 7)
  local _, words = string.gsub(text or '', '[^ ]+', '')
  if words ~= 13 or not workflow or not tonumber(since) then
    return tell('run.unreadable')
  end
  local state = string.sub(text, 1, 1)
  local is_over = string.find(state, '%u') ~= nil
  if redis.call('EXISTS', key('history', part)) == 0 then
    tell('run.historyless')
  end
  if redis.call('HEXISTS', key('shapes'), digest or '') == 0 then
    tell('run.shapeless', digest or '')
  end
  if foreign and not is_over and redis.call('HGET', key('foreign'), foreign) ~= part then
    tell('run.nameless', foreign)
  end
  local indexes = { 'runs:' .. workflow .. ':' .. state }
  for tag in string.gmatch(tags or '', '[^\t]+') do
    indexes[#indexes + 1] = 'tagged:' .. tag
  end
  indexes[#indexes + 1] = foreign and 'named:' .. foreign or nil
  for _, index in ipairs(indexes) do
    if tonumber(redis.call('ZSCORE', key(index), part)) ~= tonumber(since) then
      tell('run.unindexed', index)
    end
  end
  if kept and is_over and not redis.call('ZSCORE', key('retained'), part) then
    tell('run.unretained')
  end
  if redis.call('HLEN', name) > 5000 then
    return
  end
  local fans, lists, left = {}, {}, 0
  for _, field in ipairs(redis.call('HKEYS', name)) do
    local letter, step = string.match(field, '^([a-z]):(.*)$')
    fans[step or ''] = letter == 'n' or fans[step or '']
    lists[step or ''] = letter == 'v' or lists[step or '']
    left = left + ((field == 'u' or (letter and string.find('oezvn', letter, 1, true))) and 1 or 0)
  end
  local count, same = 0, true
  for _, step in ipairs(redis.call('SMEMBERS', key('fans', part))) do
    same, count = same and fans[step], count + 1
  end
  for step, is_fan in pairs(fans) do
    count = count - (is_fan and 1 or 0)
    if (is_fan or false) ~= (lists[step] or false) then
      tell('run.listless', step)
    end
  end
  if not same or count ~= 0 then
    tell('run.fans')
  end
  if state == 'X' and (left > 0
      or redis.call('EXISTS', key('vars', part), key('signals', part), key('errors', part), key('fans', part)) > 0) then
    tell('run.remains')
  end
end
