--- key: the name of a key. Every key of a shard starts with the shard's hash tag, so that no script crosses a slot.
--- The names are listed in Sources/Penstock/Penstock.docc/Storage.md.
local function key(name, part)
  if part then
    return KEYS[1] .. name .. ':' .. part
  end
  return KEYS[1] .. name
end
