--- load_lanes: `load_limits` for lanes of one ring: `gate.of` has the limits of each, and each limit the number of
--- `lanes` that are to share it now.
--@seldom
--@include limit_names
--@include load_limits
local function load_lanes(gate, lanes, ring, queue)
  local names, fresh, of, limits = {}, {}, gate.of, gate.limits
  local of_queue = 'queue:' .. queue
  load_limits(gate, { of_queue })
  for _, lane in ipairs(lanes) do
    if not of[lane] then
      local own = limit_names(lane, #ring + 2)
      fresh[#fresh + 1], of[lane] = own, own
      for i = 1, #own do
        if limits[own[i]] == nil then
          names[#names + 1] = own[i]
        end
      end
    end
  end
  load_limits(gate, names)
  -- In place: of many lanes, a second list for each would be much.
  for _, own in ipairs(fresh) do
    local count = 0
    for i = 1, #own do
      local limit = limits[own[i]]
      own[i] = nil
      if limit then
        count = count + 1
        own[count] = limit
      end
    end
    own[count + 1] = limits[of_queue] or nil
  end
  gate.look = gate.look + 1
  for _, lane in ipairs(lanes) do
    for _, limit in ipairs(of[lane]) do
      if limit.look ~= gate.look then
        limit.look, limit.lanes = gate.look, 0
      end
      limit.lanes = limit.lanes + 1
    end
  end
end
