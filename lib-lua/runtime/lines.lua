-- Calls one hook for several lines in a row, so that the engine is entered once for many of them. Each call is a call of its own to
-- the policy: the hook is looked up again, and the first one that answers something ends the row.

local select, unpack = select, table.unpack
local lines = {}

-- How many results there are, and up to three of them; more are in a table. Nils alone are none. This runs for every line of a message:
-- the results are counted only when there is something among the first four.
local function results(...)
  local a, b, c, d = ...
  if a == nil and b == nil and c == nil and d == nil then
    return 0
  end
  local count = select('#', ...)
  if count > 3 then
    return count, { ... }
  end
  return count, a, b, c
end

-- each(globals, own_table, name, values, count) -> how many were called, results of the last one.
-- values.at tells the engine where we are (the processor time of each call counts by itself); the engine sets values.stop when
-- something has to be done between this call and the next.
-- own_table: nil for a hook that is a global.
function lines.each(globals, own_table, name, values, count)
  if own_table == nil then
    globals, own_table = { own = globals }, 'own'
  end
  for i = 1, count do
    values.at = i
    local own = globals[own_table]
    local hook = own and own[name]
    if not hook then
      return count
    end
    local n, a, b, c = results(hook(values[i]))
    if n == 1 then
      return i, a
    elseif n == 2 then
      return i, a, b
    elseif n == 3 then
      return i, a, b, c
    elseif n > 3 then
      return i, unpack(a, 1, n)
    elseif values.stop then
      return i
    end
  end
  return count
end

return lines
