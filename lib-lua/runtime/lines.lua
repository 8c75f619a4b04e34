-- Calls one hook for several lines in a row, so that the engine is entered once for many of them. Each call is a call of its own to
-- the policy: the hook is looked up again, and the first one that answers something ends the row.

local select = select
local lines = {}

-- How many results mean something, and these: the last two, or one.
local function results(...)
  local a, b, c = ...
  if a == nil and b == nil and c == nil then
    return 0
  end
  local count = select('#', ...)
  if count == 1 then
    return 1, a
  end
  return 2, select(count - 1, ...)
end

-- each(globals, own_table, name, values, count) -> how many were called, results of the last one.
-- values.at tells the engine where we are (the processor time of each call counts by itself); the engine sets values.stop when
-- something has to be done between this call and the next.
function lines.each(globals, own_table, name, values, count)
  for i = 1, count do
    values.at = i
    local own = globals[own_table]
    local hook = own and own[name]
    if not hook then
      return count
    end
    local n, a, b = results(hook(values[i]))
    if n == 1 then
      return i, a
    elseif n == 2 then
      return i, a, b
    elseif values.stop then
      return i
    end
  end
  return count
end

return lines
