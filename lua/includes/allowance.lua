--- allowance: how many tasks of a lane its limits let start now, all of them together.
--@include limit_room
local function allowance(gate, lane)
  local room = math.huge
  for _, limit in ipairs(gate.of[lane]) do
    local own = limit_room(limit, gate.us)
    if own < room then
      room = own
    end
  end
  return room
end
