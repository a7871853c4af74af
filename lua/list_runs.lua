--- list_runs: runs by the moment of their start, the newest first, a page a call. It looks at a bounded number of runs
--- that other conditions may leave out, so that a page may have fewer than asked for, and go on.
--- flags: no-writes,allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] limit: runs that are listed
--- ARGV[2] look: runs that are looked at
--- ARGV[3] from: ms, the earliest start
--- ARGV[4] until: ms, the latest start, or with `(` before it the first that is too late
--- ARGV[5] after: id of the last run of the page before, which started at `until`, or ''
--- ARGV[6] states: letters of those that are listed
--- ARGV[7] workflow: if not '', of those that are listed
--- ARGV[8] foreign: if not '', the foreign id of those that are listed
--- ARGV[9] lists...: tags that they all have; keys of the sorted sets that together have all of them (`runs:...`,
---   `tagged:...` or `named:...`); each list preceded by its length
--- returns: flat array: '1' if there may be more, else '0'; start (ms) and id of the last run that was looked at, or ''
---   if none was; then for each run its id and the fields f, w, a, x, t (absent ones '')
--@include key
--@include number
--@include older
local limit, look, after = number(1, 'limit'), number(2, 'look'), ARGV[5]
local from, to, states, workflow, foreign = ARGV[3], ARGV[4], ARGV[6], ARGV[7], ARGV[8]
local tags, sets, at = {}, {}, 9
for _, list in ipairs({ tags, sets }) do
  local count = number(at, 'length of a list')
  for i = 1, count do
    list[i] = ARGV[at + i]
  end
  at = at + count + 1
end

-- How many of a set's runs of the moment `until` the pages before have had: mostly the last one at the most, but a
-- clock that was set back stands still for long.
local function passed(name)
  local low, high = 0, redis.call('ZCOUNT', name, to, to)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local id = redis.call('ZRANGE', name, to, to, 'BYSCORE', 'REV', 'LIMIT', middle, 1)[1]
    if older(id, after) then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

-- Of many sets each is read a few at a time, as far as it is needed. They stand in the order of their next runs, the
-- newest last.
local chunk, heads = math.max(4, math.ceil(2 * look / math.max(#sets, 2))), {}
local function place(set)
  if not set.rows or not set.rows[set.at] then
    if set.rows and #set.rows < 2 * chunk then
      return
    end
    set.rows = redis.call('ZRANGE', set.name, to, from, 'BYSCORE', 'REV', 'LIMIT', set.offset, chunk, 'WITHSCORES')
    set.offset, set.at = set.offset + chunk, 1
    if not set.rows[1] then
      return
    end
  end
  set.id, set.score = set.rows[set.at], tonumber(set.rows[set.at + 1])
  local low, high = 1, #heads + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    local head = heads[middle]
    if head.score < set.score or (head.score == set.score and older(head.id, set.id)) then
      low = middle + 1
    else
      high = middle
    end
  end
  table.insert(heads, low, set)
end
for _, name in ipairs(sets) do
  place({ name = name, offset = after ~= '' and passed(name) or 0 })
end

local reply, listed, looked = { '0', '', '' }, 0, 0
while heads[1] and listed < limit and looked < look do
  local set = table.remove(heads)
  local id = set.id
  looked = looked + 1
  reply[2], reply[3] = set.rows[set.at + 1], id
  set.at = set.at + 2
  place(set)
  local fields = redis.call('HMGET', key('run', id), 'f', 'w', 'a', 'x', 't')
  local is_wanted = fields[1] and string.find(states, string.sub(fields[1], 1, 1), 1, true)
    and (workflow == '' or workflow == fields[2])
    and (foreign == '' or foreign == string.match(fields[4] or '', '\t(.*)$'))
  local own = '\t' .. (fields[5] or '') .. '\t'
  for _, tag in ipairs(tags) do
    is_wanted = is_wanted and string.find(own, '\t' .. tag .. '\t', 1, true)
  end
  if is_wanted then
    listed = listed + 1
    reply[#reply + 1] = id
    for i = 1, 5 do
      reply[#reply + 1] = fields[i] or ''
    end
  end
end
reply[1] = heads[1] and '1' or '0'
return reply
