--- load_lanes: `load_limits` for lanes: `gate.of` has the limits of each, and each limit the number of `lanes` that
--- are to share it now.
--@include limit_names
--@include load_limits
local function load_lanes(gate, lanes)
  local names, fresh = {}, {}
  for _, lane in ipairs(lanes) do
    if not gate.of[lane] then
      fresh[#fresh + 1] = lane
      gate.of[lane] = limit_names(lane)
      for _, name in ipairs(gate.of[lane]) do
        names[#names + 1] = name
      end
    end
  end
  load_limits(gate, names)
  for _, lane in ipairs(fresh) do
    local limits = {}
    for _, name in ipairs(gate.of[lane]) do
      limits[#limits + 1] = gate.limits[name] or nil
    end
    gate.of[lane] = limits
  end
  for _, lane in ipairs(lanes) do
    for _, limit in ipairs(gate.of[lane]) do
      limit.lanes = 0
    end
  end
  for _, lane in ipairs(lanes) do
    for _, limit in ipairs(gate.of[lane]) do
      limit.lanes = limit.lanes + 1
    end
  end
end
