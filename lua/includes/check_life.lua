--- check_life: what should expire does, and locks that should not do not. `part` is a key without prefix.
--@include key
local function check_life(tell, _, part)
  local left = redis.call('PTTL', key(part))
  local is_lock = string.sub(part, 1, 7) == 'unique:'
  if is_lock then
    local is_period = string.sub(redis.call('GET', key(part)) or '', -2) == '\tp'
    if is_period and left == -1 then
      tell('life.unending')
    elseif not is_period and left >= 0 then
      tell('life.fleeting')
    end
  elseif left == -1 then
    tell('life.unending')
  end
end
