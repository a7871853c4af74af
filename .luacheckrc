-- What `make lint` holds lua/ to. Each script is read together with its includes (see LuaLinter.swift), so an include
-- that is not called shows up as an unused function.
std = 'lua51'
read_globals = { 'redis', 'KEYS', 'ARGV', 'cjson', 'cmsgpack', 'struct', 'bit' }
max_line_length = 120
allow_defined = false
