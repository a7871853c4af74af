--- examine: checks a chunk of the namespace for what should not be, and changes nothing.
--- flags: no-writes,allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] aspect: what is checked, mostly the name of a key (see includes/shape_of.lua)
--- ARGV[2] count: after about how many elements it stops
--- ARGV[3] cursor: where it goes on in the first of the parts; 0 at first
--- ARGV[4] parts...: what follows the name in the keys that are checked, '' if nothing does
--- returns: flat array: number of parts that are done; the cursor in the next one, or '0'; how many elements were
---   checked; then fault, part, element ('' for the key itself) and detail of each finding
--@include key
--@include number
--@include check
--@include shape_of
--@include leases_of
local aspect, count, cursor = ARGV[1], number(2, 'count'), ARGV[3]
local shape = shape_of(aspect)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + (tonumber(redis.call('HGET', key('clock'), 'offset')) or 0)
local reply, looked, done = { 0, '0', 0 }, 0, 0

local function examine(part, item, value, leases)
  looked = looked + 1
  check(function(fault, detail)
    local at = #reply
    reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = fault, part, item, detail or ''
  end, aspect, part, item, value, now, leases)
end

local commands = { hash = 'HSCAN', set = 'SSCAN', zset = 'ZSCAN' }
for place = 4, #ARGV do
  local part = ARGV[place]
  if shape == 'key' then
    examine(part, '')
  else
    local chunk = redis.call(commands[shape], key(aspect, part ~= '' and part or nil), cursor, 'COUNT', count)
    local rows, width, leases = chunk[2], shape == 'set' and 1 or 2, nil
    if aspect == 'holders' or aspect == 'cancels' then
      local ids = {}
      for i = 1, #rows, width do
        ids[#ids + 1] = rows[i]
      end
      leases = leases_of(ids)
    end
    for i = 1, #rows, width do
      examine(part, rows[i], rows[i + 1], leases)
    end
    cursor = chunk[1]
  end
  if cursor == '0' then
    done = done + 1
  end
  if looked >= count or cursor ~= '0' then
    break
  end
end
reply[1], reply[2], reply[3] = done, cursor, looked
return reply
