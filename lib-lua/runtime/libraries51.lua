-- The libraries string, table, math and os of Lua 5.1 where Lua 5.4 differs: numbers with a fraction are taken where an integer is
-- wanted (cut off, as C does), and what was removed is there.

local runtime = ...
local lua51 = runtime.lua51
local type, error, select, tostring, tonumber, ipairs = type, error, select, tostring, tonumber, ipairs
local rawnext, unpack = next, table.unpack
local floor, ceil, math_type, mininteger = math.floor, math.ceil, math.type, math.mininteger
local gsub, find = string.gsub, string.find

-- A number without its fraction, as C converts it.
local function truncate(number)
  local n = tonumber(number)
  if n == nil or math_type(n) == 'integer' then
    return number
  elseif not (n > -0x1p63 and n < 0x1p63) then
    return mininteger
  end
  return n > 0 and floor(n) or ceil(n)
end

-- string

local bounded = runtime.bounded
local sub, rep, byte, char, format = string.sub, bounded.string.rep, string.byte, string.char, string.format

function lua51.string.sub(s, i, j)
  if i and i % 1 ~= 0 or j and j % 1 ~= 0 then
    i, j = truncate(i), j and truncate(j)
  end
  return sub(s, i, j)
end

function lua51.string.byte(s, i, j)
  if i and i % 1 ~= 0 or j and j % 1 ~= 0 then
    i, j = i and truncate(i), j and truncate(j)
  end
  if j then
    return bounded.string.byte(s, i, j)
  end
  return byte(s, i)
end

function lua51.string.rep(s, n, separator)
  if type(n) == 'number' and n % 1 ~= 0 then
    n = truncate(n)
  end
  if s == '' and (separator == nil or separator == '') then
    return ''
  end
  return rep(s, n, separator)
end

function lua51.string.char(...)
  local codes, n = { ... }, select('#', ...)
  local whole = true
  for i = 1, n do
    local code = codes[i]
    if type(code) == 'number' and code % 1 ~= 0 then
      codes[i], whole = truncate(code), false
    end
  end
  if whole then
    return char(...)
  end
  return char(unpack(codes, 1, n))
end

lua51.string.gfind = runtime.patterns.gmatch

-- Formats with conversions to integers: which arguments they take, and the format without %u. false: nothing to do. Only short ones are
-- kept: a long one may be text of a mail.
local KEPT, KEPT_LENGTH, LONGEST = 500, 200, 65536
local formats, known_formats = {}, 0

local function integer_conversions(text)
  local positions, count = {}, 0
  local changed = gsub(text, '%%([-+ #0-9%.]*)(.?)', function(flags, conversion)
    if conversion ~= '%' then
      count = count + 1
      if find(conversion, '[cdiouxX]') then
        positions[#positions + 1] = count
      end
    end
    if conversion == 'u' then
      return '%' .. flags .. 'd'
    end
  end)
  return #positions > 0 and { format = changed, positions = positions } or false
end

local function truncated(positions, ...)
  local values = { ... }
  for _, i in ipairs(positions) do
    if values[i] ~= nil then
      values[i] = truncate(values[i])
    end
  end
  return unpack(values, 1, select('#', ...))
end

function lua51.string.format(text, ...)
  local entry = formats[text]
  if entry == nil then
    if type(text) ~= 'string' then
      return format(text, ...)
    end
    if #text > LONGEST then
      error("bad argument #1 to 'format' (format longer than " .. LONGEST .. ' bytes)', 2)
    elseif known_formats >= KEPT then
      formats, known_formats = {}, 0
    end
    entry = integer_conversions(text)
    if #text <= KEPT_LENGTH then
      formats[text] = entry
      known_formats = known_formats + 1
    end
  end
  if not entry then
    return format(text, ...)
  end
  local positions = entry.positions
  if #positions > 10 then
    return format(entry.format, truncated(positions, ...))
  end
  for k = 1, #positions do
    local value = select(positions[k], ...)
    if math_type(value) ~= 'integer' and type(value) ~= 'nil' then
      return format(entry.format, truncated(positions, ...))
    end
  end
  return format(entry.format, ...)
end

-- table

local insert, remove, move = table.insert, table.remove, bounded.table.move
-- A length that only a __len metamethod can claim; the C functions would walk through all of it.
local absurd = 100000000

local function length_of(t, name)
  if type(t) ~= 'table' then
    error("bad argument #1 to '" .. name .. "' (table expected, got " .. (t == nil and 'no value' or type(t)) .. ')', 3)
  end
  local n = #t
  if n > absurd then
    error("table too long for '" .. name .. "'", 3)
  end
  return n
end

function lua51.table.insert(t, ...)
  local count = select('#', ...)
  if count == 1 then
    return insert(t, (...))
  elseif count ~= 2 then
    error("wrong number of arguments to 'insert'", 2)
  end
  local position, value = ...
  local n = length_of(t, 'insert')
  position = truncate(position)
  if type(position) == 'number' and (position < 1 or position > n + 1) then
    -- Lua 5.1 moves what is there and assigns.
    for i = n, position, -1 do
      t[i + 1] = t[i]
    end
    t[position] = value
    return
  end
  return bounded.table.insert(t, n, position, value)
end

function lua51.table.remove(t, position)
  local n = length_of(t, 'remove')
  if n == 0 then
    return
  elseif position == nil then
    return remove(t)
  end
  position = truncate(position)
  if type(position) == 'number' and (position < 1 or position > n) then
    return
  end
  return bounded.table.remove(t, n, position)
end

function lua51.table.move(from, first, last, ...)
  if type(first) == 'number' and type(last) == 'number' and last - first > absurd then
    error("too many elements to move", 2)
  end
  return move(from, first, last, ...)
end

function lua51.table.getn(t)
  return #t
end

function lua51.table.setn() end

function lua51.table.maxn(t)
  local max = 0
  for key in rawnext, t do
    if type(key) == 'number' and key > max then
      max = key
    end
  end
  return max
end

function lua51.table.foreach(t, f)
  for key, value in rawnext, t do
    local result = f(key, value)
    if result ~= nil then
      return result
    end
  end
end

function lua51.table.foreachi(t, f)
  for i = 1, #t do
    local result = f(i, t[i])
    if result ~= nil then
      return result
    end
  end
end

-- math

local log, exp, random, fmod = math.log, math.exp, math.random, math.fmod

function lua51.math.pow(x, y)
  return x ^ y
end

-- Whole numbers too are floats here: the remainder of a division by 0 is nan, not an error.
function lua51.math.fmod(x, y)
  return fmod(x + 0.0, y + 0.0)
end
lua51.math.mod = lua51.math.fmod

function lua51.math.log10(x)
  return log(x, 10)
end

function lua51.math.ldexp(m, e)
  return m * 2.0 ^ e
end

function lua51.math.frexp(x)
  if x == 0 or x ~= x or x == math.huge or x == -math.huge then
    return x, 0
  end
  local magnitude = x < 0 and -x or x
  local e = floor(log(magnitude, 2)) + 1
  local m = magnitude / 2.0 ^ e
  if m >= 1 then
    m, e = m / 2, e + 1
  elseif m < 0.5 then
    m, e = m * 2, e - 1
  end
  return x < 0 and -m or m, e
end

function lua51.math.cosh(x)
  return (exp(x) + exp(-x)) / 2
end

function lua51.math.sinh(x)
  return (exp(x) - exp(-x)) / 2
end

function lua51.math.tanh(x)
  if x > 20 then
    return 1.0
  elseif x < -20 then
    return -1.0
  end
  local a, b = exp(x), exp(-x)
  return (a - b) / (a + b)
end

function lua51.math.random(low, high)
  if low == nil then
    return random()
  elseif high == nil then
    return random(truncate(low))
  end
  return random(truncate(low), truncate(high))
end

-- All connections draw from one generator, which is seeded at random: a policy cannot make it predictable for the others.
function lua51.math.randomseed() end

-- os

local date, time, difftime = bounded.os.date, os.time, os.difftime

-- Conversions of the system's strftime that Lua 5.4 refuses.
local extra_dates = {
  s = function(t) return tostring(floor(t)) end,
  k = function(t) return format('%2d', tonumber(date('%H', t))) end,
  l = function(t) return format('%2d', tonumber(date('%I', t))) end,
  P = function(t) return date('%p', t):lower() end,
}

function lua51.os.date(text, t)
  t = t and truncate(t)
  if type(text) == 'string' and find(text, '%%[sklP]') then
    local utc = sub(text, 1, 1) == '!'
    if not utc then
      text = gsub(text, '%%(.)', function(conversion)
        return extra_dates[conversion] and extra_dates[conversion](t or time())
      end)
    end
  end
  return date(text, t)
end

function lua51.os.time(fields)
  if type(fields) == 'table' then
    local whole = {}
    for key, value in rawnext, fields do
      whole[key] = type(value) == 'number' and truncate(value) or value
    end
    local result = time(whole)
    -- Lua 5.4 normalises the fields in place.
    for _, key in ipairs { 'year', 'month', 'day', 'hour', 'min', 'sec', 'yday', 'wday', 'isdst' } do
      fields[key] = whole[key]
    end
    return result
  end
  return time(fields)
end

function lua51.os.difftime(later, earlier)
  return difftime(later, earlier or 0)
end

return lua51
