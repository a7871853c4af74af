--- part_of: how many tasks of a lane its limits let start now, where each shares its limits equally with the other
--- lanes that are looked at.
--@include limit_room
local function part_of(gate, lane)
  local room = math.huge
  for _, limit in ipairs(gate.of[lane]) do
    room = math.min(room, math.ceil(limit_room(limit, gate.us) / limit.lanes))
  end
  return room
end
