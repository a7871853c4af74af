--- lease_parts: a lease is `claim TAB lane`, then a line for each concurrency limit that it counts under. Returns
--- claim, lane, and the lines (with the first LF) or nil.
local function lease_parts(lease)
  local claim, lane, names = string.match(lease, '^([^\t]*)\t([^\n]*)(.*)$')
  return claim, lane, names ~= '' and names or nil
end
