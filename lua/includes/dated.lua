--- dated: a record with the moment of its deadline (ms) among its options.
local function dated(record, moment)
  local head = string.find(record, '\n', 1, true) or #record + 1
  return string.sub(record, 1, head - 1) .. '\td=' .. string.format('%.0f', moment) .. string.sub(record, head)
end
