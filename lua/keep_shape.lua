--- keep_shape: stores the shape of a workflow, once, by its content.
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] shape: its encoding
--- returns: its digest
--@include key
local digest = redis.sha1hex(ARGV[1])
redis.call('HSETNX', key('shapes'), digest, ARGV[1])
return digest
