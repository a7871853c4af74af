--- extras: what a group of tasks asks for beside its lane and start: TAB-separated `letter=value`, in this list:
---   d deadline (ms from now)           x expiry: ends if it has not started (ms from now)
---   k idempotency key                  p how long (ms) that key is remembered
---   u unique key, after the mode: s, e, d (see `untie`), p for a period, b to debounce
---   w period, or wait of a debounce (ms)   m longest wait of a debounce (ms)
---   b batch                            o schedule whose tick starts it
---   f the role that the call acts for and its fence, with a space between (see `holds_role`)
--- Returns a table by letter, or nil and the letter that is wrong.
local function extras(text)
  local found = {}
  if text == '' then
    return found
  end
  for letter, value in string.gmatch(text, '([^\t=]*)=([^\t]*)') do
    if not string.find('dxkpuwmbof', letter, 1, true) or value == ''
        or (string.find('dxpwm', letter, 1, true) and not string.find(value, '^[1-9]%d*$')) then
      return nil, letter
    end
    found[letter] = value
  end
  local mode = string.sub(found.u or '', 1, 1)
  if found.k and not found.p then
    return nil, 'p'
  elseif found.u and (not string.find('sedpb', mode, 1, true) or #found.u < 2) then
    return nil, 'u'
  elseif (mode == 'p' or mode == 'b') and not found.w then
    return nil, 'w'
  end
  return found
end
