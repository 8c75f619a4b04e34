-- The functions of Lua's own libraries of which one call could take long, made so that it does not: what is long is done in pieces, in Lua,
-- where the engine can look at the clock and give way. Short arguments, which are nearly all, go to Lua's own function at once.

local runtime = ...
local rawget, type, error, tostring, select = rawget, type, error, tostring, select
local getmetatable, floor, min, math_type = debug.getmetatable, math.floor, math.min, math.type
local sub, find = string.sub, string.find

local bounded = { base = {}, string = {}, table = {}, utf8 = {}, os = {} }

-- Bytes that are gone through in one piece: a few milliseconds.
local PIECE = 1000000
-- Elements of a table, or values on the stack, the same.
local ELEMENTS = 1000
-- As many values as Lua 5.1 takes from a table or a string at once.
local VALUES = 8000

-- string

local concat, rep = table.concat, string.rep

-- f(s) for an f that does the same to each byte.
local function by_pieces(f, backwards)
  return function(s)
    if type(s) ~= 'string' or #s <= PIECE then
      return f(s)
    end
    local pieces, n = {}, 0
    for i = 1, #s, PIECE do
      n = n + 1
      pieces[n] = f(sub(s, i, i + PIECE - 1))
    end
    if backwards then
      for i = 1, n // 2 do
        pieces[i], pieces[n + 1 - i] = pieces[n + 1 - i], pieces[i]
      end
    end
    return concat(pieces)
  end
end

bounded.string.upper = by_pieces(string.upper)
bounded.string.lower = by_pieces(string.lower)
bounded.string.reverse = by_pieces(string.reverse, true)

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
  if j and type(s) == 'string' and type(j) == 'number' and #s > VALUES then
    local first, last = i or 1, min(j < 0 and #s + j + 1 or j, #s)
    if type(first) == 'number' and last - (first < 0 and #s + first + 1 or first) >= VALUES then
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

-- base

local raw_tostring = tostring

-- A __tostring in Lua may wait and may take its time.
function bounded.base.tostring(...)
  local value = ...
  local kind = type(value)
  if kind == 'table' or kind == 'userdata' then
    local metatable = getmetatable(value)
    local convert = metatable and rawget(metatable, '__tostring')
    if type(convert) == 'function' then
      local text = convert(value)
      if type(text) ~= 'string' then
        error("'__tostring' must return a string", 2)
      end
      return text
    end
  end
  return raw_tostring(...)
end

local raw_tonumber = tonumber
local LONGEST_NUMERAL = 65536

function bounded.base.tonumber(...)
  local text = ...
  if type(text) == 'string' and #text > LONGEST_NUMERAL then
    return nil
  end
  return raw_tonumber(...)
end

-- table

local insert, remove, move, raw_unpack, raw_sort = table.insert, table.remove, table.move, table.unpack, table.sort

-- Whether Lua's own function would call something for this table.
local function is_plain(t)
  local metatable = getmetatable(t)
  return metatable == nil
    or rawget(metatable, '__index') == nil and rawget(metatable, '__newindex') == nil and rawget(metatable, '__len') == nil
end

-- 2^53: what no loop reaches.
local ABSURD = 100000000

local function length_of(t, name)
  local n = #t
  if math_type(n) ~= 'integer' then
    error('object length is not an integer', 3)
  elseif n > ABSURD then
    error("table too long for '" .. name .. "'", 3)
  end
  return n
end

function bounded.table.insert(t, ...)
  local count = select('#', ...)
  if type(t) ~= 'table' or count ~= 1 and count ~= 2 then
    return insert(t, ...)
  elseif count == 1 and is_plain(t) then
    return insert(t, (...))
  end
  local n = length_of(t, 'insert')
  if count == 1 then
    t[n + 1] = (...)
    return
  end
  local position, value = ...
  if math_type(position) ~= 'integer' or position < 1 or position > n + 1 or n - position < ELEMENTS and is_plain(t) then
    return insert(t, position, value)
  end
  for i = n, position, -1 do
    t[i + 1] = t[i]
  end
  t[position] = value
end

function bounded.table.remove(t, ...)
  if type(t) ~= 'table' then
    return remove(t, ...)
  end
  local position = ...
  local n = length_of(t, 'remove')
  if position == nil then
    if is_plain(t) then
      return remove(t)
    end
    position = n
  end
  if math_type(position) ~= 'integer' or position < 1 or position > n or n - position < ELEMENTS and is_plain(t) then
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
  to = to or from
  if last - first < ELEMENTS and is_plain(from) and is_plain(to) then
    return move(from, first, last, at, to)
  elseif last < first then
    return to
  elseif not (first > 0 or last < math.maxinteger + first) or last - first > ABSURD then
    error("bad argument #3 to 'move' (too many elements to move)", 2)
  elseif at > math.maxinteger - (last - first) then
    error("bad argument #4 to 'move' (destination wrap around)", 2)
  end
  if at > last or at <= first or to ~= from then
    for i = 0, last - first do
      to[at + i] = from[first + i]
    end
  else
    for i = last - first, 0, -1 do
      to[at + i] = from[first + i]
    end
  end
  return to
end

function bounded.table.unpack(t, first, last)
  if type(t) == 'table' then
    local n = (last or #t) - (first or 1)
    if n >= VALUES then
      error('too many results to unpack', 2)
    elseif n >= 0 and not is_plain(t) and math_type(first or 1) == 'integer' and math_type(n) == 'integer' then
      local values = {}
      first = first or 1
      for i = 0, n do
        values[i + 1] = t[first + i]
      end
      return raw_unpack(values, 1, n + 1)
    end
  end
  return raw_unpack(t, first, last)
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
  if type(t) ~= 'table' then
    return concat(t, separator, first, last)
  end
  local plain = is_plain(t)
  local from, to = first or 1, last or #t
  if math_type(from) ~= 'integer' or math_type(to) ~= 'integer' or plain and to - from < ELEMENTS then
    return concat(t, separator, first, last)
  elseif to < from then
    return ''
  elseif separator ~= nil and type(separator) ~= 'string' and type(separator) ~= 'number' then
    return concat(t, separator, first, last) -- which refuses it
  end
  return concat_pieces(t, separator, from, to, plain)
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

-- Whether Lua's own sort is certain to be quick: few elements, of which none is compared by Lua code or at length.
local function is_easy(t, n)
  if n > 100 then
    return false
  end
  local kind = type(rawget(t, 1))
  if kind == 'number' then
    for i = 2, n do
      if type(rawget(t, i)) ~= 'number' then
        return false
      end
    end
    return true
  elseif kind ~= 'string' then
    return false
  end
  for i = 1, n do
    local value = rawget(t, i)
    if type(value) ~= 'string' or #value > 1000 then
      return false
    end
  end
  return true
end

-- Sorts by merging: n log n comparisons at most, whatever the comparison says, which may wait.
function bounded.table.sort(t, less)
  if type(t) ~= 'table' or less ~= nil and type(less) ~= 'function' then
    return raw_sort(t, less)
  end
  local n = length_of(t, 'sort')
  if less == nil and is_plain(t) and is_easy(t, n) then
    return raw_sort(t)
  end
  local from, to = {}, {}
  for i = 1, n do
    from[i] = t[i]
  end
  -- Short runs first, by insertion.
  local RUN = 8
  for low = 1, n, RUN do
    for i = low + 1, min(low + RUN - 1, n) do
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
  local width = RUN
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

function bounded.utf8.codepoint(s, i, j, ...)
  if type(s) == 'string' and #s > VALUES and math_type(j or 1) == 'integer' and math_type(i or 1) == 'integer' then
    local first = i or 1
    local last = j or first
    first, last = first < 0 and #s + first + 1 or first, last < 0 and #s + last + 1 or last
    if last - first >= VALUES then
      error('string slice too long', 2)
    end
  end
  return codepoint(s, i, j, ...)
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
