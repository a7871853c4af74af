--- entry_id: the id of the task that an entry of the inbox becomes: 14 characters like any other (see TaskID), made
--- of the entry's own id `ms-number`, so that the same entry is always the same task.
--@include key
local function entry_id(entry)
  local alphabet = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
  local function text(value, width)
    local out = ''
    for _ = 1, width do
      local digit = value % 64
      out = string.sub(alphabet, digit + 1, digit + 1) .. out
      value = (value - digit) / 64
    end
    return out
  end
  local ms, count = string.match(entry, '^(%d+)-(%d+)$')
  local shard = tonumber(string.match(KEYS[1], ':(%d+)}:$')) or 0
  count = tonumber(count)
  local id
  repeat
    id = text(tonumber(ms), 7) .. text(shard, 1) .. text(count, 6)
    count = count + 1
  until redis.call('HEXISTS', key('tasks'), id) == 0
  return id
end
