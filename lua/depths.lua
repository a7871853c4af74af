--- depths: how many tasks are ready in one ring of a queue, by tenant, a chunk of tenants a call.
--- flags: no-writes,allow-oom
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] ring: queue, or `queue|kind` for tasks set aside by kind
--- ARGV[2] offset: tenants to skip
--- ARGV[3] limit: tenants to list
--- returns: flat array: for each tenant its name, number of ready tasks, id of the first one of its plain lane or ''
--@include key
--@include number
--@include older
local ring, offset, limit = ARGV[1], number(2, 'offset'), number(3, 'limit')
local reply = {}
for _, tenant in ipairs(redis.call('ZRANGE', key('turn', ring), offset, offset + limit - 1)) do
  local plain = ring .. '\t' .. tenant
  local lanes = { plain }
  if redis.call('SISMEMBER', key('wide', ring), tenant) == 1 then
    lanes = redis.call('ZRANGE', key('lanes', plain), 0, -1)
  end
  local length, first = 0, ''
  for _, lane in ipairs(lanes) do
    length = length + redis.call('LLEN', key('lane', lane))
    local head = redis.call('LINDEX', key('lane', lane), 0)
    if head and (first == '' or older(head, first)) then
      first = head
    end
  end
  reply[#reply + 1] = tenant
  reply[#reply + 1] = length
  reply[#reply + 1] = first
end
return reply
