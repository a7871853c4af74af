--- check_part: what lies beside a run belongs to one that is there. `part` of the aspect `part` is a key (no prefix).
--@include key
local function check_part(tell, aspect, part, item, value)
  if aspect == 'part' then
    local name, run, step = string.match(part, '^(%l+):([^:]*):?(.*)$')
    if redis.call('EXISTS', key('run', run)) == 0 then
      tell('part.orphan', name)
    elseif (name == 'items' or name == 'broken') and redis.call('SISMEMBER', key('fans', run), step) == 0 then
      tell('part.fanless', name)
    end
  elseif aspect == 'timers' then
    local record = redis.call('HGET', key('tasks'), value) or ''
    local text = string.match(record, '^[^\n]*\n%d+\t([^\n]*)')
    if text ~= item then
      tell('timers.orphan', value)
    end
  elseif aspect == 'items' then
    if (string.sub(value, 1, 1) == '-') ~= (redis.call('ZSCORE', key('broken', part), item) and true or false) then
      tell('items.unlisted')
    end
  elseif string.sub(redis.call('HGET', key('items', part), item) or '', 1, 1) ~= '-' then
    tell('broken.orphan')
  end
end
