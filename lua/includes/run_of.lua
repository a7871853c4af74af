--- run_of: the run that a task belongs to: option `w` in the head of its record, or nil. Such a task ends by a commit
--- of its run and in no other way, or the run would wait for it for ever.
--@include options_of
local function run_of(record)
  return string.match(options_of(record), '\tw=([^\t]*)')
end
