--- entry_task: what an entry of the inbox asks for (fields: see Wire.md): a group for `store_group` and the record,
--- or nil and what is wrong with it.
--@include extras
--@include record_lane
local function entry_task(fields)
  local found, keys = {}, ''
  for i = 1, #fields, 2 do
    local name, value = fields[i], fields[i + 1]
    if name == 'limit' then
      if #value > 512 or string.find(value, '%c') or not string.find(value, '^[%w_%-]+:.') then
        return nil, 'limit must be scope:name'
      end
      keys = keys .. '\tl=' .. value
    elseif found[name] then
      return nil, name .. ' is given twice'
    else
      found[name] = value
    end
  end
  local known = {
    kind = true, payload = true, queue = true, tenant = true, priority = true, delay_ms = true, at_ms = true,
    key = true, key_ttl_ms = true, unique = true, unique_until = true, max_attempts = true, timeout_ms = true,
    retain_ms = true, deadline_ms = true, expires_ms = true, version = true,
  }
  for name in pairs(found) do
    if not known[name] then
      return nil, 'field ' .. string.sub(name, 1, 100) .. ' is not known'
    end
  end
  for _, name in ipairs({ 'kind', 'queue' }) do
    local value = found[name] or (name == 'queue' and 'default' or '')
    if #value > 200 or not string.find(value, '^[%w%._%-:/@]+$') then
      return nil, name .. ' must be 1 to 200 letters, digits or . _ - : / @'
    end
    found[name] = value
  end
  for _, name in ipairs({ 'tenant', 'key', 'unique' }) do
    if found[name] and (#found[name] > 512 or string.find(found[name], '%c')) then
      return nil, name .. ' must be at most 512 bytes without control characters'
    end
  end
  for _, name in ipairs({ 'delay_ms', 'at_ms', 'key_ttl_ms', 'max_attempts', 'timeout_ms', 'retain_ms', 'deadline_ms',
    'expires_ms' }) do
    if found[name] and not string.find(found[name], '^[1-9]%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?$') then
      return nil, name .. ' must be a whole number above zero'
    end
  end
  if found.version and found.version ~= '1' then
    return nil, 'version must be 1'
  end
  local priority = tonumber(found.priority or '0')
  if not priority or priority % 1 ~= 0 or math.abs(priority) > 10 then
    return nil, 'priority must be a whole number from -10 to 10'
  end
  if found.delay_ms and found.at_ms then
    return nil, 'delay_ms and at_ms exclude each other'
  end
  local modes = { start = 's', finish = 'e', death = 'd' }
  local mode = modes[found.unique_until or 'finish']
  if not mode then
    return nil, 'unique_until must be start, finish or death'
  end

  local head = found.kind .. '\t' .. found.queue .. '\t' .. (found.tenant or '') .. '\t'
    .. (priority ~= 0 and string.format('%d', priority) or '')
  for _, option in ipairs({ { 'm', 'max_attempts' }, { 't', 'timeout_ms' }, { 'r', 'retain_ms' } }) do
    if found[option[2]] then
      head = head .. '\t' .. option[1] .. '=' .. found[option[2]]
    end
  end
  local record = head .. keys .. '\n' .. (found.payload or '')
  local more = ''
  for _, extra in ipairs({ { 'd', found.deadline_ms }, { 'x', found.expires_ms }, { 'k', found.key },
    { 'p', found.key and (found.key_ttl_ms or '86400000') }, { 'u', found.unique and mode .. found.unique } }) do
    if extra[2] then
      more = more .. (more ~= '' and '\t' or '') .. extra[1] .. '=' .. extra[2]
    end
  end
  local start = found.delay_ms and '+' .. found.delay_ms or found.at_ms and '@' .. found.at_ms or ''
  local asked, wrong = extras(more)
  if not asked then
    return nil, 'extra ' .. wrong .. ' is wrong'
  end
  return { lane = record_lane(record), start = start, extras = asked }, record
end
