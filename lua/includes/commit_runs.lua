--- commit_runs: ends tasks of runs that this incarnation still holds, and does to their runs what follows: `commits`
--- are tables of id, claim, run (see `open_run`), revision, timer (what it is for, if it was one, else ''), plan, and
--- ending: `done`, or `park` to put the task aside until its run goes on. Those without a lease are appended to
--- `stale`; those that were planned for another state of the run to `refused`, with its facts as they are, and these
--- tasks stay held. `store_runs` must follow when what was freed is (see `free`). The other lists as for `complete`.
--@include key
--@include lease_parts
--@include give_up
--@include history
--@include load_runs
--@include try_plan
--@include run_text
--@include complete
local function commit_runs(worker, commits, runs, rare, stale, refused, done, freed, now)
  local held, ids, over, seen = key('held', worker), {}, {}, {}
  for i, commit in ipairs(commits) do
    ids[i] = commit.id
  end
  load_runs(runs)
  for from = 1, #ids, 1000 do
    local leases = redis.call('HMGET', held, unpack(ids, from, math.min(from + 999, #ids)))
    for i, lease in ipairs(leases) do
      local commit = commits[from + i - 1]
      local id, run, fence = commit.id, commit.run, commit.claim .. '\t'
      local is_plain = commit.ending == 'done' and not commit.plan.effects[1]
      if seen[id] or not lease or string.sub(lease, 1, #fence) ~= fence then
        stale[#stale + 1] = id
      elseif not is_plain and not try_plan(run, commit.plan, commit.revision, worker, runs, now) then
        refused[#refused + 1] = id
        refused[#refused + 1] = run.facts and run_text(run.facts) or ''
      elseif commit.ending == 'park' then
        local _, lane, names = lease_parts(lease)
        seen[id] = true
        give_up(freed, names, id)
        redis.call('HDEL', held, id)
        table.insert(run.deeds, { 'park', id .. '\t' .. lane })
        if commit.plan.error ~= '' then
          -- An attempt that failed, to be repeated when the run goes on.
          local tries = key('tries')
          local line = string.format('%.0f\t%s\t', now, commit.plan.attempt ~= '' and commit.plan.attempt or '1')
            .. string.gsub(commit.plan.error, '[\r\n]', ' ')
          local _, _, text = history(redis.call('HGET', tries, id), 1, 0, line)
          redis.call('HSET', tries, id, text)
        end
      else
        seen[id] = true
        over[commit.claim] = over[commit.claim] or {}
        table.insert(over[commit.claim], id)
        if commit.timer ~= '' then
          table.insert(run.deeds, { 'ended', commit.timer, id })
        end
      end
    end
  end
  for claim, list in pairs(over) do
    complete(worker, claim, list, 1, #list, rare, stale, done, freed, now)
  end
end
