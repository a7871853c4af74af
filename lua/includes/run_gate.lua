--- run_gate: what `store_runs` has to know of limits, nil where there are none, and whether any run is connected.
--@include key
--@include gate_at
local function run_gate(now, us)
  local limits, connections = key('limits'), key('connections')
  local there = redis.call('EXISTS', limits, connections)
  if there == 0 then
    return nil, false
  end
  local is_limited = redis.call('EXISTS', limits) == 1
  return is_limited and gate_at(now, us, {}) or nil, there == 2 or not is_limited
end
