--- disarm: takes back a timer of a run, a task that waits for its moment. One that is due already is left where it is.
--@include key
--@include record_lane
local function disarm(id)
  local record = id and redis.call('HGET', key('tasks'), id)
  if record then
    local _, _, queue = record_lane(record)
    if redis.call('ZREM', key('delayed', queue), id) == 1 then
      redis.call('HDEL', key('tasks'), id)
      redis.call('HDEL', key('tries'), id)
    end
  end
end
