--- retain_of: for how long (ms) a task wants its end to be remembered: option `r` in the head of its record, or nil.
--@include options_of
local function retain_of(record)
  return tonumber(string.match(options_of(record), '\tr=(%d+)'))
end
