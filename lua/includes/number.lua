--- number: an argument that must be a number; a wrong call is refused here, before anything is written.
local function number(index, name)
  local value = tonumber(ARGV[index])
  if not value then
    error({ err = 'BADCALL ' .. name .. ' (argument ' .. index .. ') is not a number' })
  end
  return value
end
