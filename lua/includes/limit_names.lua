--- limit_names: the limits that tasks of a lane may be subject to: its queue, its tenant, and the keys in its name.
--@include lane_parts
local function limit_names(lane)
  local _, tenant, _, queue = lane_parts(lane)
  local names = tenant == '' and { 'queue:' .. queue } or { 'queue:' .. queue, 'tenant:' .. tenant }
  if #lane > #queue + 1 + #tenant then
    for name in string.gmatch(string.match(lane, '^[^\t]*\t[^\t]*\t[^\t]*\t(.*)$') or '', '[^\t]+') do
      names[#names + 1] = name
    end
  end
  return names
end
