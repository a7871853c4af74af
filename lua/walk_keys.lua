--- walk_keys: names and types of the keys of the namespace, a chunk of all keys of the server a call.
--- flags: no-writes,allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] cursor: 0 at first, then as returned
--- ARGV[2] count: keys of the server to look at
--- returns: flat array: the next cursor, '0' at the end; then name (without the prefix) and type of each key
--@include number
local reply = redis.call('SCAN', ARGV[1], 'MATCH', KEYS[1] .. '*', 'COUNT', number(2, 'count'))
local facts = { reply[1] }
for _, name in ipairs(reply[2]) do
  facts[#facts + 1] = string.sub(name, #KEYS[1] + 1)
  facts[#facts + 1] = redis.call('TYPE', name).ok
end
return facts
