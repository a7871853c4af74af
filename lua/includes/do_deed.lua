--- do_deed: what a commit does to its run beside the fields of its hash:
---   park <id TAB lane>   puts a task aside until the run goes on
---   release              queues those again, up to 5,000 now and the rest with later commits of the run
---   arm <text> <id>      the task is a timer now, in place of the one of the same text
---   disarm <text>, clear, ended <text> <id>   takes it back; takes all back; it has run
---   hold <name>, let go <name>   its foreign id, while it is live
---   take <signal>, buffer <signal> <what it brings>   signals: `first last`, and `name TAB number` each
---   vars <values>   sets variables
---   forget   variables, buffered signals, and why things in the history failed
---   fan <step> <old>, unfan <step>, items <step> <values>, broken / mended <step> <item>   fan-outs
--@seldom
--@include key
--@include disarm
--@include push
local function do_deed(run, deed, plan)
  local name, a, b = unpack(deed, 1, 3)
  local timers, shelf = key('timers', run.id), key('shelf', run.id)
  local part = run.id .. ':' .. tostring(a)
  local function put(hash, values)
    local words = {}
    for field, value in pairs(values) do
      words[#words + 1], words[#words + 2] = field, value
    end
    for from = 1, #words, 2000 do
      redis.call('HSET', hash, unpack(words, from, math.min(from + 1999, #words)))
    end
  end
  if name == 'park' then
    redis.call('RPUSH', shelf, a)
  elseif name == 'release' then
    local groups = {}
    for _, entry in ipairs(redis.call('LPOP', shelf, 5000) or {}) do
      local id, lane = string.match(entry, '^([^\t]*)\t(.*)$')
      groups[lane] = groups[lane] or {}
      table.insert(groups[lane], id)
    end
    for lane, ids in pairs(groups) do
      push(lane, ids, plan.entering)
      plan.ready[string.match(lane, '^[^\t|]*')] = true
    end
    run.facts.rest = redis.call('EXISTS', shelf)
  elseif name == 'arm' then
    disarm(redis.call('HGET', timers, a))
    redis.call('HSET', timers, a, b)
  elseif name == 'disarm' then
    disarm(redis.call('HGET', timers, a))
    redis.call('HDEL', timers, a)
  elseif name == 'ended' then
    if redis.call('HGET', timers, a) == b then
      redis.call('HDEL', timers, a)
    end
  elseif name == 'clear' then
    for place, id in ipairs(redis.call('HVALS', timers)) do
      -- Those that are left, of very many, are dropped when they are due: they are of an earlier round or visit.
      if place <= 1000 then
        disarm(id)
      end
    end
    redis.call('DEL', timers)
  elseif name == 'hold' then
    redis.call('HSET', key('foreign'), a, run.id)
  elseif name == 'let go' then
    if redis.call('HGET', key('foreign'), a) == run.id then
      redis.call('HDEL', key('foreign'), a)
    end
  elseif name == 'take' or name == 'buffer' then
    local signals = key('signals', run.id)
    local first, last = string.match(redis.call('HGET', signals, a) or '1 0', '^(%d+) (%d+)$')
    if name == 'take' then
      redis.call('HDEL', signals, a .. '\t' .. first)
      first = first + 1
    else
      last = last + 1
      redis.call('HSET', signals, a .. '\t' .. string.format('%d', last), b)
    end
    if tonumber(first) > tonumber(last) then
      redis.call('HDEL', signals, a)
    else
      redis.call('HSET', signals, a, string.format('%d %d', first, last))
    end
  elseif name == 'fan' then
    redis.call('SADD', key('fans', run.id), a)
    if b then
      redis.call('UNLINK', key('items', part), key('broken', part))
    end
  elseif name == 'unfan' then
    redis.call('SREM', key('fans', run.id), a)
    redis.call('UNLINK', key('items', part), key('broken', part))
  elseif name == 'items' then
    put(key('items', part), b)
  elseif name == 'vars' then
    put(key('vars', run.id), a)
  elseif name == 'forget' then
    redis.call('UNLINK', key('vars', run.id), key('signals', run.id), key('errors', run.id))
  elseif name == 'broken' then
    redis.call('ZADD', key('broken', part), b, b)
  elseif name == 'mended' then
    redis.call('ZREM', key('broken', part), b)
  end
end
