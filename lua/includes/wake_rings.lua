--- wake_rings: tells a worker of each of these rings that there is work: one that takes the kind where it was set aside
--- for such, and other than `me`.
--@seldom
--@include wake
local function wake_rings(rings, me)
  for ring in pairs(rings) do
    local queue, kind = string.match(ring, '^([^|]*)|?(.*)$')
    wake(queue, kind ~= '' and kind or nil, me)
  end
end
