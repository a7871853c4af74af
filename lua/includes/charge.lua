--- charge: takes tokens and slots for so many tasks of a lane from all its limits, or gives them back (a negative
--- count). Notes that it was served.
local function charge(gate, lane, count)
  gate.served[lane] = gate.served[lane] or count > 0
  for _, limit in ipairs(gate.of[lane]) do
    if limit.interval then
      limit.paid = limit.paid + count * limit.interval
      limit.changed = true
    end
    if limit.most then
      limit.held = limit.held + count
    end
  end
end
