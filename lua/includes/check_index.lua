--- check_index: what is listed is there, and is what the list says.
--@include key
local function check_index(tell, aspect, part, item, value)
  if aspect == 'again' then
    if redis.call('HEXISTS', key('aside', part), item) == 0 then
      tell('again.orphan')
    end
    return
  elseif aspect == 'workflows' then
    if redis.call('HEXISTS', key('shapes'), value) == 0 then
      tell('workflows.shapeless', value)
    end
    return
  end
  local run = aspect == 'foreign' and value or item
  local known = redis.call('HMGET', key('run', run), 'f', 'w', 't', 'x', 'r')
  local state = string.sub(known[1] or '', 1, 1)
  local is_over, is_right = string.find(state, '%u') ~= nil, false
  if not known[1] then
    return tell(aspect .. '.stale', run)
  elseif aspect == 'runs' then
    is_right = part == (known[2] or '') .. ':' .. state
  elseif aspect == 'tagged' then
    is_right = string.find('\t' .. (known[3] or '') .. '\t', '\t' .. part .. '\t', 1, true)
  elseif aspect == 'named' then
    is_right = known[4] == part
  elseif aspect == 'retained' then
    is_right = known[5] and is_over
  elseif aspect == 'foreign' then
    is_right = known[4] == item and not is_over
  end
  if not is_right then
    tell(aspect .. '.stale', run)
  end
end
