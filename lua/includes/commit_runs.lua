--- commit_runs: ends tasks of runs that this incarnation still holds, and does to their runs what follows: `commits`
--- are tables of ids, claim, run (see `open_run`), revision, timer (what it is for, if it was one, else ''), plan, and
--- ending: `done`, or `park` to put the task aside until its run goes on. Several tasks of one commit are items of one
--- fan-out, and its one effect has an entry for each in its place. Those without a lease are appended to
--- `stale`; those that were planned for another state of the run to `refused`, with its facts as they are, and these
--- tasks stay held. `store_runs` must follow when what was freed is (see `free`). The other lists as for `complete`.
--@seldom
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
  for _, commit in ipairs(commits) do
    for _, id in ipairs(commit.ids) do
      ids[#ids + 1] = id
    end
  end
  load_runs(runs)
  local leases = {}
  for from = 1, #ids, 1000 do
    for _, lease in ipairs(redis.call('HMGET', held, unpack(ids, from, math.min(from + 999, #ids)))) do
      leases[#leases + 1] = lease
    end
  end
  local at = 0
  for _, commit in ipairs(commits) do
    local run, plan, fence = commit.run, commit.plan, commit.claim .. '\t'
    local valid, entries, lease = {}, {}, nil
    for place, id in ipairs(commit.ids) do
      at = at + 1
      if seen[id] or not leases[at] or string.sub(leases[at], 1, #fence) ~= fence then
        stale[#stale + 1] = id
      else
        seen[id], lease = true, leases[at]
        valid[#valid + 1] = id
        entries[#entries + 1] = #commit.ids > 1 and plan.effects[1][7][place] or nil
      end
    end
    if #commit.ids > 1 then
      plan.effects[1][7] = entries
    end
    local is_plain = commit.ending == 'done' and not plan.effects[1]
    if valid[1] and not is_plain and not try_plan(run, plan, commit.revision, worker, runs, now) then
      for _, id in ipairs(valid) do
        seen[id] = nil
        refused[#refused + 1] = id
        refused[#refused + 1] = run.facts and run_text(run.facts) or ''
      end
    elseif valid[1] and commit.ending == 'park' then
      local id = valid[1]
      local _, lane, names = lease_parts(lease)
      give_up(freed, names, id)
      redis.call('HDEL', held, id)
      table.insert(run.deeds, { 'park', id .. '\t' .. lane })
      if plan.error ~= '' then
        -- An attempt that failed, to be repeated when the run goes on.
        local tries = key('tries')
        local line = string.format('%.0f\t%s\t', now, plan.attempt ~= '' and plan.attempt or '1')
          .. string.gsub(plan.error, '[\r\n]', ' ')
        -- Workers that were lost count anew from there, or it could never go on.
        local before = redis.call('HGET', tries, id)
        local lost = tonumber(string.match(before or '', '^%d+\t(%d+)')) or 0
        local _, _, text = history(before, 1, -lost, line)
        redis.call('HSET', tries, id, text)
      end
    elseif valid[1] then
      local list = over[commit.claim] or {}
      over[commit.claim] = list
      for _, id in ipairs(valid) do
        list[#list + 1] = id
      end
      if commit.timer ~= '' then
        table.insert(run.deeds, { 'ended', commit.timer, valid[1] })
      end
    end
  end
  for claim, list in pairs(over) do
    complete(worker, claim, list, 1, #list, rare, stale, done, freed, now)
  end
end
