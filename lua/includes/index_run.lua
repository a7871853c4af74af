--- index_run: notes where a run is found whose state has changed: `before` is the letter of the old one, nil for a run
--- that is new. It is in one of the sorted sets `runs:<workflow>:<state>`, by the moment of its start (field `a`), and
--- from then on in those of its tags and its foreign id. One that is kept for some time only is, while it is over, in
--- `retained`, by the end of that time. One that a schedule has started (field `o`) is among its `fires` while it is
--- live.
--@seldom
--@include key
--@include leave_schedule
local function index_run(run, before, now)
  local fields, state = run.fields, run.facts.state
  if not before then
    fields.a, run.dirty.a = string.format('%.0f', now), true
    for tag in string.gmatch(fields.t or '', '[^\t]+') do
      redis.call('ZADD', key('tagged', tag), fields.a, run.id)
    end
    if fields.x then
      redis.call('ZADD', key('named', fields.x), fields.a, run.id)
    end
  else
    if fields.a == nil then
      local found = redis.call('HMGET', key('run', run.id), 'w', 'a', 'r', 'o')
      fields.w, fields.a, fields.r, fields.o = unpack(found)
    end
    redis.call('ZREM', key('runs', fields.w .. ':' .. before), run.id)
  end
  redis.call('ZADD', key('runs', fields.w .. ':' .. state), fields.a, run.id)
  local was_over, is_over = before and string.find(before, '%u'), string.find(state, '%u')
  if fields.r and is_over and not was_over then
    redis.call('ZADD', key('retained'), string.format('%.0f', now + fields.r), run.id)
  elseif fields.r and was_over and not is_over then
    redis.call('ZREM', key('retained'), run.id)
  end
  if fields.o and is_over and not was_over then
    leave_schedule(fields.o, run.id, now)
  elseif fields.o and not is_over and (was_over or not before) then
    redis.call('SADD', key('fires', fields.o), run.id)
  end
end
