--- keep_shape: stores the shape of a workflow, once, by its content, and notes it as the one of this name and version;
--- of several the one that was kept last.
--- KEYS[1] prefix: hash tag of the shard
--- ARGV[1] shape: its encoding
--- ARGV[2] workflow: its name
--- ARGV[3] version: a whole number
--- returns: its digest
--@include key
--@include number
local version = string.format('%.0f', number(3, 'version'))
local digest = redis.sha1hex(ARGV[1])
redis.call('HSETNX', key('shapes'), digest, ARGV[1])
redis.call('HSET', key('workflows'), ARGV[2] .. '\t' .. version, digest)
return digest
