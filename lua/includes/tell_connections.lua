--- tell_connections: queues a task for each move of a run that a connection of its workflow wants. `told` has tables
--- of a run, the id of the entry in its history, and the entry's moves. The id of the task follows from these and the
--- connection; its payload is `run TAB entry TAB workflow TAB foreign id LF move`.
--@seldom
--@include key
--@include record_lane
--@include store_group
local function tell_connections(told, plan, now, gate)
  local connections = {}
  local all = redis.call('HGETALL', key('connections'))
  for i = 1, #all, 2 do
    local workflow, name = string.match(all[i], '^([^\t]*)\t(.*)$')
    local head, wanted = string.match(all[i + 1], '^([^\n]*)(\n.*)$')
    connections[workflow] = connections[workflow] or {}
    table.insert(connections[workflow], { name = name, head = head, wanted = wanted .. '\n' })
  end
  for _, one in ipairs(told) do
    local run = one.run
    local workflow, foreign = run.fields.w, run.fields.x
    if workflow == nil then
      workflow = redis.call('HGET', key('run', run.id), 'w')
    end
    for _, connection in ipairs(connections[workflow] or {}) do
      local place = 0
      for move in string.gmatch(one.moves, '[^\n]+') do
        place = place + 1
        if string.find(connection.wanted, '\n' .. string.match(move, '^[^\t]*') .. '\n', 1, true) then
          local cause = run.id .. '\t' .. one.entry .. '\t' .. string.format('%d', place) .. '\t' .. connection.name
          -- As the ids of child runs.
          local id = string.sub(run.id, 1, 8) .. string.sub(redis.sha1hex(cause), 1, 24)
          local name = foreign and string.sub(foreign, #workflow + 2) or ''
          local record = connection.head .. '\n' .. run.id .. '\t' .. one.entry .. '\t' .. workflow .. '\t' .. name
            .. '\n' .. move
          local group = { lane = record_lane(connection.head), start = '', extras = {} }
          store_group(group, { id, record }, 1, 2, plan, now, gate)
        end
      end
    end
  end
end
