--- limit_names: the limits that tasks of a lane may be subject to beside that of its queue: its tenant, whose name
--- begins at `from` in that of the lane, and the keys in its name.
local function limit_names(lane, from)
  local tab = string.find(lane, '\t', from, true)
  local tenant, names = string.sub(lane, from, (tab or 0) - 1), {}
  if tenant ~= '' then
    names[1] = 'tenant:' .. tenant
  end
  if tab then
    for name in string.gmatch(string.match(lane, '^[^\t]*\t(.*)$', tab + 1) or '', '[^\t]+') do
      names[#names + 1] = name
    end
  end
  return names
end
