--- read_effects: the effects of a commit, from the words ARGV[from] .. ARGV[to]: a list of tables of a name and its
--- arguments. In `effect_forms` each letter is an argument: a word, a number, or the number of one of so many heads.
local effect_forms = {
  run = 'ww', fact = 'wn', move = 'wwww', keep = 'w', launch = 'hwwww', add = 'hwnn', arrive = 'wwnnnnhwwww',
  reset = 'wwnnn', close = '', idle = 'n', arm = 'hwn', armat = 'hw', disarm = 'w', fan = 'wwnnhwhw',
  items = 'whwhwn', release = '', enter = 'w', object = '', await = 'wwhw',
  child = 'wnwwwwhhw', stop = 'w', tell = 'w', var = 'ww', erase = 'w', forget = 'w',
}
local function read_effects(from, to, heads)
  local effects, at = {}, from
  while at <= to do
    local form = effect_forms[ARGV[at]]
    if not form or at + #form > to then
      error({ err = 'BADCALL effect ' .. ARGV[at] .. ' (argument ' .. at .. ') is not known, or not complete' })
    end
    local effect = { unpack(ARGV, at, at + #form) }
    for i = 1, #form do
      local letter = string.sub(form, i, i)
      if letter ~= 'w' then
        effect[i + 1] = tonumber(effect[i + 1])
        if not effect[i + 1] or (letter == 'h' and (effect[i + 1] < 1 or effect[i + 1] > heads)) then
          error({ err = 'BADCALL effect ' .. ARGV[at] .. ' has a wrong number (argument ' .. at + i .. ')' })
        end
      end
    end
    at = at + #form + 1
    if effect[1] == 'items' then
      -- Of each item its number, whether it failed, whether it stops the others, and its result or error.
      local list, last = {}, at + 4 * effect[7] - 1
      if last > to then
        error({ err = 'BADCALL effect items (argument ' .. at .. ') is not complete' })
      end
      for place = at, last, 4 do
        local index = tonumber(ARGV[place])
        if not index then
          error({ err = 'BADCALL effect items has a wrong number (argument ' .. place .. ')' })
        end
        list[#list + 1] = { index, ARGV[place + 1] == '1', ARGV[place + 2] == '1', ARGV[place + 3] }
      end
      effect[7], at = list, last + 1
    elseif effect[1] == 'idle' then
      local last = at + effect[2] - 1
      if last > to then
        error({ err = 'BADCALL effect idle (argument ' .. at .. ') is not complete' })
      end
      effect[2] = read_effects(at, last, heads)
      at = last + 1
    end
    effects[#effects + 1] = effect
  end
  return effects
end
