--- store_runs: writes what commits did to their runs (see `try_plan`): tasks, fields, history, and the rest. `plan` and
--- `gate` as for `store_group`, and `connected` says whether any run is connected; `finish_plan`, or the like, must
--- follow.
--@seldom
--@include key
--@include run_text
--@include store_group
--@include do_deed
--@include stop_run
--@include index_run
--@include tell_connections
local function store_runs(runs, plan, now, gate, connected)
  local stopped, told = {}, {}
  for _, run in ipairs(runs) do
    if run.facts then
      local values, group = {}, nil
      for _, task in ipairs(run.tasks) do
        if group and (task.lane ~= group.lane or task.start ~= group.start) then
          store_group(group, values, 1, #values, plan, now, gate)
          group = nil
        end
        if not group then
          values, group = {}, { lane = task.lane, start = task.start, extras = {} }
        end
        values[#values + 1], values[#values + 2] = task.id, task.record
      end
      if group then
        store_group(group, values, 1, #values, plan, now, gate)
      end
      if run.facts.rest == 1 and run.facts.state ~= 'u' then
        do_deed(run, { 'release' }, plan)
      end
      for _, deed in ipairs(run.deeds) do
        if deed[1] ~= 'stop' then
          do_deed(run, deed, plan)
        elseif deed[2] then
          stopped[#stopped + 1] = deed[2]
        end
      end
      for _, entry in ipairs(run.history) do
        run.facts.last = math.max(run.facts.last, now)
        local more = {}
        for _, name in ipairs({ 'attempt', 'took' }) do
          local value = entry[3][name]
          if value and value ~= '' then
            more[#more + 1], more[#more + 2] = name, value
          end
        end
        local id = redis.call('XADD', key('history', run.id), string.format('%.0f-*', run.facts.last), 'by', entry[1],
          'moves', entry[2], unpack(more))
        if connected then
          told[#told + 1] = { run = run, entry = id, moves = entry[2] }
        end
        local why = entry[3].error
        if why and why ~= '' then
          -- Apart, so that all of them can go at once.
          redis.call('HSET', key('errors', run.id), id, why)
        end
      end
      if run.history[1] and string.find(run.facts.state, '%u') then
        -- A stream takes 4 KiB ahead of what it needs, a copy of it no more than it needs.
        local name, copy = key('history', run.id), key('history', run.id .. '+')
        if redis.call('XLEN', name) <= 200 then
          redis.call('COPY', name, copy)
          redis.call('RENAME', copy, name)
        end
      end
      local before = run.fields.f and string.sub(run.fields.f, 1, 1) or nil
      if run.facts.state ~= before then
        index_run(run, before, now)
      end
      local set, gone = {}, {}
      for name in pairs(run.dirty) do
        local value = run.fields[name]
        if value then
          set[#set + 1], set[#set + 2] = name, value
        else
          gone[#gone + 1] = name
        end
      end
      local facts = run_text(run.facts)
      if facts ~= run.fields.f then
        set[#set + 1], set[#set + 2] = 'f', facts
      end
      for from = 1, #set, 2000 do
        redis.call('HSET', key('run', run.id), unpack(set, from, math.min(from + 1999, #set)))
      end
      for from = 1, #gone, 1000 do
        redis.call('HDEL', key('run', run.id), unpack(gone, from, math.min(from + 999, #gone)))
      end
    end
  end
  if told[1] then
    tell_connections(told, plan, now, gate)
  end
  -- Last, since a run may have been started in this call.
  for _, id in ipairs(stopped) do
    stop_run(id, plan, now, gate)
  end
end
