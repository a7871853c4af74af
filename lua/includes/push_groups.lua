--- push_groups: `push` for several lanes (lane -> ids), then `enter`. Rings of kinds that were set aside are noted in
--- `roused`, if it is given: whoever calls may not take them.
--@seldom
--@include push
--@include enter
local function push_groups(groups, now, command, roused)
  local entering = {}
  for lane, ids in pairs(groups) do
    push(lane, ids, entering, command)
    local ring = roused and string.match(lane, '^[^\t]*|[^\t]*')
    if ring then
      roused[ring] = true
    end
  end
  enter(entering, now)
end
