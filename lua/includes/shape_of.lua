--- shape_of: how the elements of a key are read that the auditor looks at one by one; `key` for what it looks at as a
--- whole (see the includes `check_...`).
local function shape_of(aspect)
  local shapes = {
    hash = 'tries cancels progress bonds awaits held parked lines timers items foreign workflows connections',
    set = 'wide kinds idle holders members fires again',
    zset = 'turn lanes delayed dead waiting workers live runs tagged named retained broken schedules ticks',
    key = 'lane queue unique batch log worker wake run part schedule ticked life inbox role',
  }
  for shape, names in pairs(shapes) do
    if string.find(' ' .. names .. ' ', ' ' .. aspect .. ' ', 1, true) then
      return shape
    end
  end
  error({ err = 'BADCALL aspect ' .. aspect .. ' is not known' })
end
