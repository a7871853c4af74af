--- retain_of: for how long (ms) a task wants its end to be remembered: option `r` in the head of its record, or nil.
local function retain_of(record)
  return tonumber(string.match(string.match(record, '^[^\n]*') or '', '\tr=(%d+)'))
end
