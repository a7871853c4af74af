--- lane_parts: a lane is `ring TAB tenant`, then for other than plain lanes `TAB priority [TAB limit key ...]`, the
--- priority empty for the normal one. The ring is the queue, or `queue|kind` for tasks that were set aside for
--- workers which take this kind.
local function lane_parts(lane)
  local first = string.find(lane, '\t', 1, true)
  local second = string.find(lane, '\t', first + 1, true)
  local ring, tenant = string.sub(lane, 1, first - 1), string.sub(lane, first + 1, second and second - 1 or -1)
  local priority = second and tonumber(string.match(lane, '^[^\t]*', second + 1)) or nil
  local bar = string.find(ring, '|', 1, true)
  if bar then
    return ring, tenant, priority, string.sub(ring, 1, bar - 1), string.sub(ring, bar + 1)
  end
  return ring, tenant, priority, ring
end
