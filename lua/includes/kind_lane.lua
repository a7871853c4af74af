--- kind_lane: the lane beside `lane` for tasks of a kind that has a limit, so that others need not wait behind them.
local function kind_lane(lane, kind)
  local _, tabs = string.gsub(lane, '\t', '\t')
  return lane .. (tabs == 1 and '\t' or '') .. '\tkind:' .. kind
end
