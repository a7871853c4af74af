--- lane_parts: a lane is `ring TAB tenant`, then for other than plain lanes `TAB priority [TAB limit key ...]`, the
--- priority empty for the normal one. The ring is the queue, or `queue|kind` for tasks that were set aside for
--- workers which take this kind.
local function lane_parts(lane)
  local ring, tenant, priority = string.match(lane, '^([^\t]*)\t([^\t]*)\t?([^\t]*)')
  local queue, kind = string.match(ring, '^([^|]*)|(.*)$')
  return ring, tenant, tonumber(priority), queue or ring, kind
end
