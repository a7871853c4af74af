--- check_bonds: what is written beside a task is of a live one, and what its bonds stand for is there.
--@include key
--@include has_bond
local function check_bonds(tell, aspect, part, item, value, _, leases)
  local function is_task(id)
    return redis.call('HEXISTS', key('tasks'), id) == 1
  end
  if aspect == 'tries' then
    if not is_task(item) then
      tell('tries.orphan')
    end
  elseif aspect == 'cancels' then
    if not is_task(item) or not leases[item] then
      tell('cancels.stale')
    end
  elseif aspect == 'progress' then
    if not has_bond(item, 'n') then
      tell('progress.orphan')
    end
  elseif aspect == 'live' then
    if not has_bond(item, 'c' .. part) then
      tell('live.orphan')
    end
  elseif aspect == 'log' then
    if redis.call('PTTL', key('log', part)) == -1 and not has_bond(part, 'n') then
      tell('log.orphan')
    end
  elseif aspect == 'unique' then
    local id, kind = string.match(redis.call('GET', key('unique', part)) or '', '^([^\t]*)\t?(.*)$')
    if kind ~= 'p' and not has_bond(id, 'us' .. part) and not has_bond(id, 'ue' .. part)
        and not has_bond(id, 'ud' .. part) then
      tell('unique.orphan', id)
    end
  elseif not is_task(item) then
    tell('bonds.orphan')
  else
    for line in string.gmatch(value, '[^\n]+') do
      local bond, target = string.sub(line, 1, 1), string.sub(line, 2)
      if bond == 'u' then
        local holder = redis.call('GET', key('unique', string.sub(target, 2))) or ''
        if string.match(holder, '^[^\t]*') ~= item then
          tell('bonds.lockless', line)
        end
      elseif bond == 'b' and redis.call('SISMEMBER', key('members', target), item) == 0 then
        tell('bonds.outside', line)
      elseif bond == 'c' and not redis.call('ZSCORE', key('live', target), item) then
        tell('bonds.uncounted', line)
      elseif not string.find('ubcwno', bond, 1, true) then
        tell('bonds.unknown', line)
      end
    end
  end
end
