--- check_batches: members of a batch are bound to it, one without members has ended, and ends are kept for a while.
--@include key
--@include has_bond
local function check_batches(tell, aspect, part, item, value)
  if aspect == 'members' then
    if redis.call('EXISTS', key('batch', part)) == 0
        or (not has_bond(item, 'b' .. part) and redis.call('HGET', key('batch', item), 'parent') ~= part) then
      tell('members.orphan')
    end
  elseif aspect == 'awaits' then
    local is_known = false
    for _, text in ipairs(redis.call('HMGET', key('batch', value), 'success', 'failure', 'done')) do
      is_known = is_known or (text and string.match(text, '^[^\n]*') == item)
    end
    if not is_known then
      tell('awaits.orphan', value)
    end
  else
    local known = redis.call('HMGET', key('batch', part), 'open', 'ended', 'keep')
    local left = redis.call('PTTL', key('batch', part))
    if not known[3] then
      tell('batch.unreadable')
    elseif known[2] and left == -1 then
      tell('batch.unending')
    elseif not known[2] and left >= 0 then
      tell('batch.fleeting')
    elseif not known[1] and not known[2] and redis.call('EXISTS', key('members', part)) == 0 then
      tell('batch.unended')
    end
  end
end
