--- check: tells what is wrong with one thing: an element (`item`, `value`) of the key `aspect:part`, or the key itself.
--- `tell(fault, detail)` is called for each fault; `leases` has who holds the tasks in question (see `leases_of`).
--@include check_ready
--@include check_limits
--@include check_bonds
--@include check_batches
--@include check_workers
--@include check_run
--@include check_part
--@include check_index
--@include check_schedules
--@include check_life
--@include check_due
--@include check_links
local function check(tell, aspect, part, item, value, now, leases)
  local rules = {
    [check_ready] = 'lane turn wide lanes kinds queue delayed dead',
    [check_limits] = 'holders parked lines waiting',
    [check_bonds] = 'tries cancels progress bonds unique live log',
    [check_batches] = 'members batch awaits',
    [check_workers] = 'workers worker idle wake held',
    [check_run] = 'run',
    [check_part] = 'part timers items broken',
    [check_index] = 'runs tagged named retained foreign workflows again',
    [check_schedules] = 'schedules schedule ticks ticked fires',
    [check_life] = 'life',
    [check_due] = 'queue inbox',
    [check_links] = 'role connections',
  }
  for rule, aspects in pairs(rules) do
    if string.find(' ' .. aspects .. ' ', ' ' .. aspect .. ' ', 1, true) then
      rule(tell, aspect, part, item, value, now, leases)
    end
  end
end
