--- give_up: notes in `freed` (limit -> ids) that a lease no longer counts under its limits (`names`, as in a lease);
--- `free` must follow.
local function give_up(freed, names, id)
  for name in string.gmatch(names or '', '[^\n]+') do
    freed[name] = freed[name] or {}
    table.insert(freed[name], id)
  end
end
