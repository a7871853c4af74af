--- caps_of: the length caps that a task of a queue and tenant counts under: list of {target, most, policy}.
--@include key
local function caps_of(queue, tenant)
  local own = queue .. '\t' .. tenant
  local found, caps = redis.call('HMGET', key('caps'), queue, own, queue .. '\t*'), {}
  for i, target in ipairs({ queue, own }) do
    local most, policy = string.match(found[i] or (i == 2 and found[3]) or '', '^(%d+)\t(.*)$')
    if most then
      caps[#caps + 1] = { target = target, most = tonumber(most), policy = policy }
    end
  end
  return caps
end
