--- load_lanes: `load_limits` for lanes: `gate.of` has the limits of each, and each limit the number of `lanes` that
--- are to share it now.
--@seldom
--@include limit_names
--@include load_limits
local function load_lanes(gate, lanes)
  local names, fresh = {}, {}
  for _, lane in ipairs(lanes) do
    local own = gate.of[lane]
    if not own then
      own = limit_names(lane)
      fresh[#fresh + 1], gate.of[lane] = own, own
      for _, name in ipairs(own) do
        if gate.limits[name] == nil then
          names[#names + 1] = name
        end
      end
    end
  end
  load_limits(gate, names)
  -- In place: of many lanes, a second list for each would be much.
  for _, own in ipairs(fresh) do
    local count = 0
    for i = 1, #own do
      local limit = gate.limits[own[i]]
      own[i] = nil
      if limit then
        count = count + 1
        own[count] = limit
      end
    end
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
