--- adopt: lets what one worker runs already count under a concurrency limit that holds for it from now on.
--- flags: allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] name: of the limit, `scope:name` or `scope:*`
--- ARGV[2] worker: incarnation
--- returns: number of tasks that count now and did not before
--@include key
--@include lane_parts
--@include lease_parts
--@include limit_names
local name, held = ARGV[1], key('held', ARGV[2])
local scope, is_wild = string.match(name, '^[^:]*:'), string.sub(name, -2) == ':*'
local terms = {}
-- Whether a name has slots now: by its own limit, or by that of its scope.
local function counts(own)
  if terms[own] == nil then
    local found = redis.call('HMGET', key('limits'), own, scope .. '*')
    terms[own] = string.find(found[1] or found[2] or '', '^[^\t]*\t[^\t]*\t%d') ~= nil
  end
  return terms[own]
end
local rows, adopted = redis.call('HGETALL', held), 0
for i = 1, #rows, 2 do
  local id = rows[i]
  local _, lane, lines = lease_parts(rows[i + 1])
  local ring, _, _, queue = lane_parts(lane)
  local names = limit_names(lane, #ring + 2)
  names[#names + 1] = 'queue:' .. queue
  if scope == 'kind:' then
    local kind = string.match(redis.call('HGET', key('tasks'), id) or '', '^[^\t]*')
    names = { 'kind:' .. kind }
  end
  for _, own in ipairs(names) do
    local is_meant = own == name or (is_wild and string.sub(own, 1, #scope) == scope)
    if is_meant and counts(own) and not string.find((lines or '') .. '\n', '\n' .. own .. '\n', 1, true) then
      lines = (lines or '') .. '\n' .. own
      redis.call('SADD', key('holders', own), id)
      redis.call('HSET', held, id, rows[i + 1] .. '\n' .. own)
      rows[i + 1] = rows[i + 1] .. '\n' .. own
      adopted = adopted + 1
    end
  end
end
return adopted
