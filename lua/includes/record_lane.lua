--- record_lane: the lane that a task belongs to, its kind and its queue, from the head of its record: `kind TAB queue
--- TAB tenant TAB priority [TAB option=value ...] LF payload`. The payload is never looked at. Limit keys of the task
--- (options `l`) are parts of its lane.
local function record_lane(record)
  local kind, queue, tenant, priority, options =
    string.match(record, '^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t\n]*)([^\n]*)')
  local lane, keys = queue .. '\t' .. tenant, ''
  if options ~= '' then
    for name in string.gmatch(options, '\tl=([^\t]*)') do
      keys = keys .. '\t' .. name
    end
  end
  if priority ~= '' or keys ~= '' then
    lane = lane .. '\t' .. priority .. keys
  end
  return lane, kind, queue
end
