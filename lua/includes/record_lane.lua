--- record_lane: the lane that a task belongs to, its kind and its queue, from the head of its record:
--- `kind TAB queue TAB tenant TAB priority [TAB option=value ...] LF payload`. The payload is never looked at.
local function record_lane(record)
  local kind, queue, tenant, priority = string.match(record, '^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t\n]*)')
  local lane = queue .. '\t' .. tenant
  if priority ~= '' then
    lane = lane .. '\t' .. priority
  end
  return lane, kind, queue
end
