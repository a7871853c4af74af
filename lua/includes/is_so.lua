--- is_so: whether a fault is there still: the same one, in the same thing. Returns the value of the thing besides.
--@include element
--@include check
--@include leases_of
local function is_so(fault, aspect, part, item, detail, now)
  local value = element(aspect, part, item)
  local found = false
  if value then
    local leases = (aspect == 'holders' or aspect == 'cancels') and leases_of({ item }) or {}
    check(function(name, about)
      -- What is told of a dead worker (how much it holds) changes while it stays dead.
      found = found or (name == fault and (name == 'workers.dead' or (about or '') == detail))
    end, aspect, part, item, value, now, leases)
  end
  return found, value
end
