--- push_groups: `push` for several lanes (lane -> ids), then `enter`.
--@seldom
--@include push
--@include enter
local function push_groups(groups, now, command)
  local entering = {}
  for lane, ids in pairs(groups) do
    push(lane, ids, entering, command)
  end
  enter(entering, now)
end
