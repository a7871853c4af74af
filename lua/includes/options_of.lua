--- options_of: what a task's record says behind its names: `[TAB option=value ...]`, in the head of it. Names may look
--- like options.
local function options_of(record)
  return string.match(record, '^[^\t\n]*\t[^\t\n]*\t[^\t\n]*\t[^\t\n]*([^\n]*)') or ''
end
