--- look_at: notes what effects look at in their run: in `run.wanted` the fields of its hash, in `run.items` by step
--- the items of its fan-outs.
local function look_at(run, effects)
  local wanted = run.wanted
  for _, effect in ipairs(effects) do
    local name = effect[1]
    if name == 'idle' then
      look_at(run, effect[2])
    elseif name == 'move' then
      wanted['s:' .. effect[2]] = true
    elseif name == 'launch' then
      wanted['s:' .. effect[4]] = true
    elseif name == 'arrive' then
      wanted[effect[2] .. ':' .. effect[3]], wanted['s:' .. effect[10]] = true, true
    elseif name == 'reset' then
      wanted['s:' .. effect[2]], wanted['n:' .. effect[2]] = true, true
    elseif name == 'fan' or name == 'erase' then
      wanted['n:' .. effect[2]] = true
    elseif name == 'items' then
      local items = run.items[effect[2]] or {}
      wanted['n:' .. effect[2]], run.items[effect[2]] = true, items
      for _, item in ipairs(effect[7]) do
        items[string.format('%d', item[1])] = false
      end
    elseif name == 'await' then
      wanted['g:' .. effect[2]] = true
    elseif name == 'stop' then
      wanted['c:' .. effect[2]] = true
    elseif name == 'tell' then
      wanted.p = true
    elseif name == 'enter' then
      wanted.m = true
    end
  end
end
