-- The libraries string, table, math and os of Lua 5.1 where Lua 5.4 differs: numbers with a fraction are taken where an integer is
-- wanted (cut off, as C does), and what was removed is there.

local runtime = ...
local lua51 = runtime.lua51
local type, error, select, tostring, tonumber, ipairs = type, error, select, tostring, tonumber, ipairs
local rawnext, unpack, concat = next, table.unpack, table.concat
local floor, ceil, math_type, mininteger = math.floor, math.ceil, math.type, math.mininteger
local gsub, find, match = string.gsub, string.find, string.match

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

-- So many may be had at once, wherever they begin.
local FEW_BYTES = 8000

function lua51.string.byte(s, i, j)
  if i and i % 1 ~= 0 or j and j % 1 ~= 0 then
    i, j = i and truncate(i), j and truncate(j)
  end
  if j == nil then
    return byte(s, i)
  elseif j + 0 >= 0 and j + 0 < FEW_BYTES then
    return byte(s, i, j)
  end
  return bounded.string.byte(s, i and i + 0, j + 0)
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

local conversion_pattern = '%%([-+ #0-9%.]*)(.?)'

local function integer_conversions(text)
  local positions, count, special = {}, 0, false
  local changed = gsub(text, conversion_pattern, function(flags, conversion)
    if conversion ~= '%' then
      count = count + 1
      if find(conversion, '[cdiouxX]') then
        positions[#positions + 1] = count
      end
    end
    if conversion == 'u' then
      special = true
      return '%' .. flags .. 'd'
    elseif conversion == 'q' then
      special = true
    end
  end)
  return (special or #positions > 0) and { format = changed, positions = positions, special = special } or false
end

-- The digits of an integer taken as one without sign.
local function unsigned_text(n)
  local tenth = (n >> 1) // 5
  return tenth .. (n - tenth * 10)
end

local quoted = { ['"'] = '\\"', ['\\'] = '\\\\', ['\n'] = '\\\n', ['\r'] = '\\r', ['\0'] = '\\000' }

-- The text with escapes, in pieces: of 25 MB it would take a third of a second.
local QUOTED = 65536

local function escaped(text)
  if #text <= QUOTED then
    return (gsub(text, '["\\\n\r\0]', quoted))
  end
  local pieces = {}
  for from = 1, #text, QUOTED do
    pieces[#pieces + 1] = gsub(sub(text, from, from + QUOTED - 1), '["\\\n\r\0]', quoted)
  end
  return concat(pieces)
end

-- Conversions that Lua 5.4 has not, or has another way: %u of a negative number, %q.
local function special_format(text, ...)
  local values, count, total = { ... }, 0, select('#', ...)
  local changed = runtime.patterns.gsub(text, conversion_pattern, function(flags, conversion)
    if conversion == '%' then
      return nil
    end
    count = count + 1
    local value = values[count]
    if conversion == 'u' then
      local n = truncate(value)
      if math_type(n) == 'integer' and n < 0 then
        values[count] = unsigned_text(n)
        return '%' .. (find(flags, '^[+ #0]*%-') and '-' or '') .. (match(flags, '^[-+ #0]*(%d*)') or '') .. 's'
      end
      values[count] = n
      return '%' .. flags .. 'd'
    elseif conversion == 'q' and (type(value) == 'string' or type(value) == 'number') then
      values[count] = '"' .. escaped(tostring(value)) .. '"'
      return '%s'
    elseif find(conversion, '[cdioxX]') then
      values[count] = truncate(value)
    end
  end)
  return format(changed, unpack(values, 1, total))
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
  if entry.special then
    return special_format(text, ...)
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
    error("bad argument #1 to '" .. name .. "' (table expected, got " .. type(t) .. ')', 3)
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

local function is_table(t)
  if type(t) ~= 'table' then
    error("bad argument #1 to '?' (table expected, got " .. type(t) .. ')', 1)
  end
end

local function is_function(f)
  if type(f) ~= 'function' then
    error("bad argument #2 to '?' (function expected, got " .. type(f) .. ')', 1)
  end
end

function lua51.table.getn(t)
  is_table(t)
  return #t
end

function lua51.table.setn(t)
  is_table(t)
  error("'setn' is obsolete", 2)
end

function lua51.table.maxn(t)
  is_table(t)
  local max = 0
  for key in rawnext, t do
    if type(key) == 'number' and key > max then
      max = key
    end
  end
  return max
end

function lua51.table.foreach(t, f)
  is_table(t)
  is_function(f)
  for key, value in rawnext, t do
    local result = f(key, value)
    if result ~= nil then
      return result
    end
  end
end

function lua51.table.foreachi(t, f)
  is_table(t)
  is_function(f)
  for i = 1, #t do
    local result = f(i, t[i])
    if result ~= nil then
      return result
    end
  end
end

-- math

local log, exp, random, fmod, atan, huge = math.log, math.exp, math.random, math.fmod, math.atan, math.huge

-- Argument i as a number.
local function number(i, ...)
  local value = select(i, ...)
  local n = value
  if type(value) == 'string' then
    n = tonumber(value)
  end
  if type(n) ~= 'number' then
    local got = select('#', ...) < i and 'no value' or type(value)
    error('bad argument #' .. i .. " to '?' (number expected, got " .. got .. ')', 1)
  end
  return n
end

function lua51.math.pow(...)
  return number(1, ...) ^ number(2, ...)
end

function lua51.math.atan2(...)
  return atan(number(1, ...), number(2, ...))
end

-- Whole numbers too are floats here: the remainder of a division by 0 is nan, not an error.
function lua51.math.fmod(...)
  return fmod(number(1, ...) + 0.0, number(2, ...) + 0.0)
end
lua51.math.mod = lua51.math.fmod

function lua51.math.log10(...)
  return log(number(1, ...), 10)
end

-- In Lua 5.1 the logarithm has no other base.
function lua51.math.log(...)
  if select('#', ...) > 1 then
    return log(...)
  end
  return log(number(1, ...))
end

function lua51.math.ldexp(...)
  local m, e = number(1, ...) + 0.0, truncate(number(2, ...))
  -- In steps: 2.0 ^ e alone may be too large or too small where the product is not.
  while e > 1000 and m ~= 0 and m < huge and m > -huge do
    m, e = m * 2.0 ^ 1000, e - 1000
  end
  while e < -1000 and m ~= 0 do
    m, e = m * 2.0 ^ -1000, e + 1000
  end
  return m == 0 and m or m * 2.0 ^ e
end

function lua51.math.frexp(...)
  local x = number(1, ...) + 0.0
  if x == 0 or x ~= x or x == huge or x == -huge then
    return x, 0
  end
  local magnitude, e = x < 0 and -x or x, 0
  if magnitude < 0x1p-1000 then
    magnitude, e = magnitude * 0x1p200, -200 -- so that the power below can be had
  end
  local power = floor(log(magnitude, 2)) + 1
  local m = magnitude / 2.0 ^ (power - 1) / 2
  if m >= 1 then
    m, power = m / 2, power + 1
  elseif m < 0.5 then
    m, power = m * 2, power - 1
  end
  return x < 0 and -m or m, power + e
end

function lua51.math.cosh(...)
  local x = number(1, ...)
  return (exp(x) + exp(-x)) / 2
end

-- Near 0 the difference of the powers would lose its digits: the series there.
function lua51.math.sinh(...)
  local x = number(1, ...)
  if x < 0.1 and x > -0.1 then
    local square = x * x
    return x * (1 + square / 6 * (1 + square / 20 * (1 + square / 42 * (1 + square / 72))))
  end
  return (exp(x) - exp(-x)) / 2
end

function lua51.math.tanh(...)
  local x = number(1, ...)
  if x > 20 then
    return 1.0
  elseif x < -20 then
    return -1.0
  elseif x < 0.1 and x > -0.1 then
    return lua51.math.sinh(x) / lua51.math.cosh(x)
  end
  local a, b = exp(x), exp(-x)
  return (a - b) / (a + b)
end

-- Each connection draws from a generator of its own (splitmix64), whose seed is a recording's: a session that is played again draws the same lots.
local native, tointeger, ult = runtime.native, math.tointeger, math.ult

-- 64 bits.
local function draw()
  local record = native.record()
  local state = (record.random or tointeger(native.random_seed())) + 0x9E3779B97F4A7C15
  record.random = state
  local z = (state ~ state >> 30) * 0xBF58476D1CE4E5B9
  z = (z ~ z >> 27) * 0x94D049BB133111EB
  return z ~ z >> 31
end

local function between(low, high)
  low, high = tointeger(tonumber(low)), tointeger(tonumber(high))
  local most = high - low -- without a sign
  local mask = most
  for shift = 0, 5 do
    mask = mask | mask >> (1 << shift)
  end
  local drawn
  repeat
    drawn = draw() & mask
  until not ult(most, drawn)
  return low + drawn
end

function lua51.math.random(...)
  local count = select('#', ...)
  if count == 0 then
    return (draw() >> 11) * 0x1p-53
  elseif count == 1 then
    local high = truncate((...))
    if math_type(high) == 'integer' and high < 1 then
      error("bad argument #1 to '?' (interval is empty)", 1) -- Lua 5.4 gives any integer for 0
    end
    random(high) -- refuses what is no interval, in its words
    return between(1, high)
  end
  local low, high = ...
  low, high = truncate(low), truncate(high)
  if math_type(low) == 'integer' and math_type(high) == 'integer' and low > high then
    error("bad argument #2 to '?' (interval is empty)", 1)
  end
  random(low, high)
  return between(low, high)
end

-- Nobody chooses what he draws: most policies that seed do it by the time, which is the same for all who come within a second.
function lua51.math.randomseed() end

-- os

local date, time, difftime = bounded.os.date, os.time, os.difftime

-- Conversions of the system's strftime that Lua 5.4 refuses, and those that are different here. `part` is '!' for UTC or ''.
local extra_dates = {
  s = function(t) return tostring(floor(t)) end,
  k = function(t, part) return format('%2d', tonumber(date(part .. '%H', t))) end,
  l = function(t, part) return format('%2d', tonumber(date(part .. '%I', t))) end,
  P = function(t, part) return date(part .. '%p', t):lower() end,
  c = function(t, part) return date(part .. '%a %b %e %H:%M:%S %Y', t) end,
}

-- A text that is to be a number is not looked at when it is longer: of 25 MB that takes a tenth of a second.
local LONGEST_NUMBER = 1000

local function check_number(value, i, name)
  if type(value) == 'string' and #value > LONGEST_NUMBER then
    error("bad argument #" .. i .. " to '" .. name .. "' (number expected, got string)", 3)
  end
end

-- Years that a date has room for: what is beyond is an error, not a wrong date.
local LAST_DATE = 8640000000000

function lua51.os.date(text, t)
  check_number(t, 2, 'date')
  t = t and truncate(tonumber(t) or t)
  if t and math_type(t) ~= 'integer' then
    return date(text, t) -- which refuses it
  elseif t and (t > LAST_DATE or t < -LAST_DATE) then
    error('date result cannot be represented in this installation', 2)
  end
  if type(text) == 'string' and find(text, '%%E?[csklP]') or text == nil then
    local part = text and sub(text, 1, 1) == '!' and '!' or ''
    text = gsub(text or '%c', '%%(E?)(.)', function(modifier, conversion)
      if extra_dates[conversion] and (modifier == '' or conversion == 'c') then
        return extra_dates[conversion](t or time(), part)
      end
    end)
  end
  return date(text, t)
end

local date_fields = { 'year', 'month', 'day', 'hour', 'min', 'sec', 'yday', 'wday', 'isdst' }

function lua51.os.time(fields)
  if type(fields) == 'table' then
    local whole = {}
    for _, key in ipairs(date_fields) do
      local value = fields[key]
      if type(value) == 'string' and #value > LONGEST_NUMBER then
        error("field '" .. key .. "' is not an integer", 2)
      end
      whole[key] = type(value) == 'number' and truncate(value) or value
    end
    local result = time(whole)
    -- Lua 5.4 normalises the fields in place.
    for _, key in ipairs(date_fields) do
      fields[key] = whole[key]
    end
    return result
  end
  return time(fields)
end

function lua51.os.difftime(later, earlier)
  check_number(later, 1, 'difftime')
  check_number(earlier, 2, 'difftime')
  return difftime(later, earlier or 0)
end

return lua51
