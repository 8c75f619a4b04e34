-- The functions of Lua's own libraries of which one call could take long, made so that it does not: what is long is done in pieces, in Lua,
-- where the engine can look at the clock and give way. Short arguments, which are nearly all, go to Lua's own function at once.

local runtime = ...
local rawget, type, error = rawget, type, error
local getmetatable, floor, min, math_type = debug.getmetatable, math.floor, math.min, math.type
local find = string.find

local bounded = { string = {}, table = {}, utf8 = {}, os = {} }

-- Elements of a table that are gone through in one piece: well below a millisecond.
local ELEMENTS = 1000
-- As many values as Lua 5.1 takes from a table or a string at once.
local VALUES = 8000

-- string

local concat, rep = table.concat, string.rep

-- A few long copies instead of many short ones.
function bounded.string.rep(s, n, separator)
  if type(n) ~= 'number' or n <= 256 or type(s) ~= 'string' then
    return rep(s, n, separator)
  end
  n = floor(n)
  local one = separator == nil and s or s .. separator
  if #one == 0 then
    return ''
  elseif #one * n > runtime.native.longest_string() then
    error('resulting string too large', 3)
  elseif #one > 256 then
    return rep(s, n, separator)
  end
  local last = separator == nil and '' or s
  if separator ~= nil then
    n = n - 1
  end
  local some = rep(one, 256)
  local rest = rep(one, n % 256) .. last
  n = n // 256
  if n > 256 then
    local many = rep(some, 256)
    return rep(many, n // 256) .. rep(some, n % 256) .. rest
  end
  return rep(some, n) .. rest
end

local byte = string.byte

function bounded.string.byte(s, i, j)
  if type(s) == 'string' and #s > VALUES then
    local first, last = i or 1, j < 0 and #s + j + 1 or min(j, #s)
    if last - (first < 0 and #s + first + 1 or first) >= VALUES then
      error('string slice too long', 3)
    end
  end
  return byte(s, i, j)
end

-- What a format text says is done option by option.
local LONGEST_FORMAT = 65536

local function short_format(f, name)
  return function(format, ...)
    if type(format) == 'string' and #format > LONGEST_FORMAT then
      error("bad argument #1 to '" .. name .. "' (format longer than " .. LONGEST_FORMAT .. ' bytes)', 2)
    end
    return f(format, ...)
  end
end

local pack = string.pack

bounded.string.unpack = short_format(string.unpack, 'unpack')
bounded.string.packsize = short_format(string.packsize, 'packsize')
bounded.string.pack = short_format(function(format, ...)
  -- c25000000 pads byte by byte.
  if find(format, 'c%d%d%d%d%d%d') then
    error("bad argument #1 to 'pack' (size of 'c' above 99999)", 3)
  end
  return pack(format, ...)
end, 'pack')

-- table

local insert, remove, move, raw_unpack, raw_sort = table.insert, table.remove, table.move, table.unpack, table.sort

-- So few elements that whatever metamethods do is done soon, or is stopped. A length is handed on where it was looked at: what __len gives
-- the next time may be another.
local FEW = 50

-- Whether Lua's own function would call something for this table.
local function is_plain(t)
  local metatable = getmetatable(t)
  return metatable == nil
    or rawget(metatable, '__index') == nil and rawget(metatable, '__newindex') == nil and rawget(metatable, '__len') == nil
end

-- Whether Lua's own function, which asks for the length again, may move `n` elements of the table.
local function is_quick(t, n)
  return n < ELEMENTS and is_plain(t)
end

-- A length that only a __len metamethod can claim.
local ABSURD = 100000000

-- insert(t, position, value), of a table with n elements.
function bounded.table.insert(t, n, position, value)
  if math_type(position) ~= 'integer' or position < 1 or position > n + 1 or is_quick(t, n - position) then
    return insert(t, position, value)
  end
  for i = n, position, -1 do
    t[i + 1] = t[i]
  end
  t[position] = value
end

-- remove(t, position), of a table with n elements.
function bounded.table.remove(t, n, position)
  if math_type(position) ~= 'integer' or position < 1 or position > n or is_quick(t, n - position) then
    return remove(t, position)
  end
  local value = t[position]
  for i = position, n - 1 do
    t[i] = t[i + 1]
  end
  t[n] = nil
  return value
end

function bounded.table.move(from, first, last, at, to)
  if type(from) ~= 'table' or to ~= nil and type(to) ~= 'table' or math_type(first) ~= 'integer'
    or math_type(last) ~= 'integer' or math_type(at) ~= 'integer' then
    return move(from, first, last, at, to)
  end
  local n = last - first
  if n < FEW and n >= 0 or last < first or n < ELEMENTS and n >= 0 and is_plain(from) and (to == nil or is_plain(to)) then
    return move(from, first, last, at, to)
  elseif n < 0 or n > ABSURD then
    error('too many elements to move', 3)
  elseif at > math.maxinteger - n then
    error("bad argument #4 to 'move' (destination wrap around)", 3)
  end
  to = to or from
  if at > last or at <= first or to ~= from then
    for i = 0, n do
      to[at + i] = from[first + i]
    end
  else
    for i = n, 0, -1 do
      to[at + i] = from[first + i]
    end
  end
  return to
end

function bounded.table.unpack(t, first, last)
  if type(t) ~= 'table' then
    if t == nil or last == nil then
      error("bad argument #1 to 'unpack' (table expected, got " .. type(t) .. ')', 1)
    end
    return raw_unpack(t, first, last)
  end
  last = last or #t
  local n = last - (first or 1)
  if n < FEW then
    return raw_unpack(t, first, last)
  elseif n >= VALUES then
    error('too many results to unpack', 2)
  elseif is_plain(t) or math_type(first or 1) ~= 'integer' or math_type(n) ~= 'integer' then
    return raw_unpack(t, first, last)
  end
  local values = {}
  first = first or 1
  for i = 0, n do
    values[i + 1] = t[first + i]
  end
  return raw_unpack(values, 1, n + 1)
end

-- The text of element i, or an error as Lua words it.
local function element(t, i)
  local value = t[i]
  local kind = type(value)
  if kind ~= 'string' and kind ~= 'number' then
    error('invalid value (at index ' .. i .. ") in table for 'concat'", 4)
  end
  return value
end

local function concat_pieces(t, separator, first, last, plain)
  local pieces, n = {}, 0
  for i = first, last, ELEMENTS do
    local stop = min(i + ELEMENTS - 1, last)
    n = n + 1
    if plain then
      pieces[n] = concat(t, separator, i, stop)
    else
      local values = {}
      for k = i, stop do
        values[k - i + 1] = element(t, k)
      end
      pieces[n] = concat(values, separator)
    end
  end
  if n > ELEMENTS then
    return concat_pieces(pieces, separator, 1, n, true)
  end
  return concat(pieces, separator)
end

function bounded.table.concat(t, separator, first, last)
  if last == nil and first == nil then
    -- What nearly all calls are, with as few calls of functions as can be.
    local n = #t | 0
    if n < FEW then
      return concat(t, separator, 1, n)
    end
  end
  if type(t) ~= 'table' then
    return concat(t, separator, first, last)
  end
  first, last = first or 1, last or #t
  if math_type(first) ~= 'integer' or math_type(last) ~= 'integer' or last - first < FEW or is_quick(t, last - first) then
    return concat(t, separator, first, last)
  elseif separator ~= nil and type(separator) ~= 'string' and type(separator) ~= 'number' then
    return concat(t, separator, first, last) -- which refuses it
  end
  return concat_pieces(t, separator, first, last, is_plain(t))
end

-- Merges the sorted runs from[low..middle] and from[middle + 1..high] into `to`.
local function merge(from, to, low, middle, high, less)
  local i, k = low, middle + 1
  for at = low, high do
    local left, right = from[i], from[k]
    local second
    if i > middle then
      second = true
    elseif k > high then
      second = false
    elseif less then
      second = less(right, left)
    else
      second = right < left
    end
    if second then
      to[at] = right
      k = k + 1
    else
      to[at] = left
      i = i + 1
    end
  end
end

-- Elements that are sorted by insertion: as a part of more, and when there are no more.
local RUN, ALL = 8, 12

-- Sorts by merging: n log n comparisons at most, whatever the comparison says, which may wait.
function bounded.table.sort(t, less)
  if type(t) ~= 'table' or less ~= nil and type(less) ~= 'function' then
    return raw_sort(t, less)
  end
  local n = #t | 0
  if less == nil and n <= ALL then
    -- A few are sorted where they are, by exchanges: none is lost when two cannot be compared.
    for i = 2, n do
      local value, k = t[i], i - 1
      while k >= 1 do
        local other = t[k]
        if not (value < other) then -- luacheck: ignore 581 (as sort does it: what cannot be ordered stays)
          break
        end
        t[k + 1], t[k] = other, value
        k = k - 1
      end
    end
    return
  elseif n > ABSURD then
    error("table too long for 'sort'", 2)
  elseif less == nil and n <= 100 and is_plain(t) and runtime.native.is_easy_to_sort(t) then
    return raw_sort(t)
  end
  -- The table changes when all is done: an error leaves it as it was.
  local from = {}
  for i = 1, n do
    from[i] = t[i]
  end
  local run = n <= ALL and ALL or RUN
  -- Short runs first, by insertion.
  for low = 1, n, run do
    for i = low + 1, n <= run and n or min(low + run - 1, n) do
      local value, k = from[i], i - 1
      while k >= low do
        local other = from[k]
        local is_less
        if less then
          is_less = less(value, other)
        else
          is_less = value < other
        end
        if not is_less then
          break
        end
        from[k + 1] = other
        k = k - 1
      end
      from[k + 1] = value
    end
  end
  local width, to = run, n > run and {} or nil
  while width < n do
    for low = 1, n, 2 * width do
      merge(from, to, low, min(low + width - 1, n), min(low + 2 * width - 1, n), less)
    end
    from, to = to, from
    width = 2 * width
  end
  for i = 1, n do
    t[i] = from[i]
  end
end

-- utf8

local codepoint = utf8.codepoint

function bounded.utf8.codepoint(s, i, j, lax)
  if j ~= nil and type(s) == 'string' and #s > VALUES and math_type(j or 1) == 'integer' and math_type(i or 1) == 'integer' then
    local first = i or 1
    local last = j or first
    first, last = first < 0 and #s + first + 1 or first, last < 0 and #s + last + 1 or last
    if last - first >= VALUES then
      error('string slice too long', 2)
    end
  end
  return codepoint(s, i, j, lax)
end

-- os

local date = os.date

function bounded.os.date(text, time)
  if type(text) == 'string' and #text > 1000 then
    error("bad argument #1 to 'date' (format longer than 1000 bytes)", 2)
  end
  return date(text, time)
end

return bounded
