--- mend: puts one fault right, if it is there still.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] fault: as `examine` has told it
--- ARGV[2] aspect: what was checked
--- ARGV[3] part: what follows the name in the key, '' if nothing does
--- ARGV[4] item: the element, '' for the key itself
--- ARGV[5] detail: as told
--- returns: 'mended'; 'more': a part is mended, call again; 'gone': there is no such fault now; 'left': no rule for it
--@include clock
--@include is_so
--@include mend_ready
--@include mend_limits
--@include mend_bonds
--@include mend_batches
--@include mend_workers
--@include mend_runs
--@include mend_schedules
--@include free
--@include gate_at
--@include wake_rings
local fault, aspect, part, item, detail = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local now, _, us = clock()
local found, value = is_so(fault, aspect, part, item, detail, now)
if not found then
  return 'gone'
end
local freed, roused = {}, {}
local answer
for _, mend in ipairs({
  mend_ready, mend_limits, mend_bonds, mend_batches, mend_workers, mend_runs, mend_schedules,
}) do
  answer = answer or mend(fault, part, item, detail, now, freed, roused, value)
end
free(freed, gate_at(now, us, roused), roused)
wake_rings(roused)
return answer or 'left'
