--- history: what is remembered of a task that did not succeed at once: `attempts TAB recoveries`, then a line for
--- each trouble (`when TAB attempt TAB message`), the newest last and no more than ten. Returns counters and new
--- text.
local function history(old, attempts_by, recoveries_by, line)
  local attempts, recoveries, lines = string.match(old or '', '^(%d+)\t(%d+)(.*)$')
  attempts = (tonumber(attempts) or 0) + attempts_by
  recoveries = (tonumber(recoveries) or 0) + recoveries_by
  lines = lines or ''
  if line and line ~= '' then
    local _, count = string.gsub(lines, '\n', '\n')
    if count >= 10 then
      lines = string.match(lines, '^\n[^\n]*(.*)$')
    end
    lines = lines .. '\n' .. line
  end
  return attempts, recoveries, attempts .. '\t' .. recoveries .. lines
end
