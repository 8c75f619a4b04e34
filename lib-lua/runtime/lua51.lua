-- What Lua 5.1 had and Lua 5.4 has not, or has differently. Policies may use both.

local runtime = ...
local native, chunks, environment = runtime.native, runtime.chunks, runtime.environment
local type, error, select, tostring, tonumber, rawget, rawset, ipairs, setmetatable =
  type, error, select, tostring, tonumber, rawget, rawset, ipairs, setmetatable
local rawnext, unpack, concat = next, table.unpack, table.concat
local getinfo, getupvalue, upvaluejoin, getmetatable = debug.getinfo, debug.getupvalue, debug.upvaluejoin, debug.getmetatable
local floor, ceil, math_type, mininteger = math.floor, math.ceil, math.type, math.mininteger
local gsub, find, gmatch, match = string.gsub, string.find, string.gmatch, string.match

local lua51 = { base = {}, string = {}, table = {}, math = {}, os = {}, debug = {}, package = {} }
local base = lua51.base

base._VERSION = 'Lua 5.1'
base.unpack = unpack

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

-- Lua 5.1's ipairs does not ask __index.
local function raw_ipairs_step(t, i)
  i = i + 1
  local value = rawget(t, i)
  if value ~= nil then
    return i, value
  end
end

function base.ipairs(t, ...)
  local metatable = getmetatable(t)
  if metatable and type(t) == 'table' and rawget(metatable, '__index') then
    return raw_ipairs_step, t, 0
  end
  if t == nil then
    error("bad argument #1 to 'ipairs' (table expected, got " .. (select('#', ...) > 0 and 'nil' or 'no value') .. ')', 2)
  end
  return ipairs(t)
end

function base.gcinfo()
  return floor(collectgarbage('count')), 0
end

function base.newproxy(what)
  if what == nil or what == false then
    return native.newproxy()
  elseif what == true then
    return native.newproxy({})
  end
  local metatable = type(what) == 'userdata' and getmetatable(what)
  if not metatable or environment.shared[metatable] then
    error("bad argument #1 to 'newproxy' (boolean or proxy expected)", 2)
  end
  return native.newproxy(metatable)
end

-- Environments of functions: the upvalue _ENV.

local function is_ours(f)
  local source = getinfo(f, 'S')
  return source.what == 'C' or source.source == '=[smtpe]'
end

local function env_upvalue(f)
  for i = 1, 255 do
    local name, value = getupvalue(f, i)
    if name == nil then
      return nil
    elseif name == '_ENV' then
      return i, value
    end
  end
end

local function function_at(what, level, name)
  if type(what) == 'function' then
    return what
  end
  local n = tonumber(what == nil and 1 or what)
  if n == nil then
    error("bad argument #1 to '" .. name .. "' (number expected, got " .. type(what) .. ')', level + 1)
  elseif n < 0 then
    error("bad argument #1 to '" .. name .. "' (level must be non-negative)", level + 1)
  elseif n == 0 then
    return nil
  end
  local info = getinfo(n + level, 'f')
  if info == nil then
    error("bad argument #1 to '" .. name .. "' (invalid level)", level + 1)
  end
  return info.func
end

function base.getfenv(what)
  local f = function_at(what, 2, 'getfenv')
  if f == nil or is_ours(f) then
    return native.globals()
  end
  local i, value = env_upvalue(f)
  return i and value or native.globals()
end

function base.setfenv(what, env)
  if type(env) ~= 'table' then
    error("bad argument #2 to 'setfenv' (table expected, got " .. (env == nil and 'no value' or type(env)) .. ')', 2)
  end
  local f = function_at(what, 2, 'setfenv')
  if f == nil or is_ours(f) then
    error("'setfenv' cannot change environment of given object", 2)
  end
  local i = env_upvalue(f)
  if i then
    upvaluejoin(f, i, function() return env end, 1)
  end
  return f
end
lua51.debug.getfenv = base.getfenv
lua51.debug.setfenv = base.setfenv

-- The table of that name (with dots) in the globals.
local function find_table(name)
  local t = native.globals()
  for part in gmatch(name, '[^%.]+') do
    local inner = rawget(t, part)
    if inner == nil and environment.node_of(t) then
      inner = t[part]
    end
    if inner == nil then
      inner = {}
      rawset(t, part, inner)
    elseif type(inner) ~= 'table' then
      error("name conflict for module '" .. name .. "'", 3)
    end
    t = inner
  end
  return t
end

function base.module(name, ...)
  if type(name) ~= 'string' then
    error("bad argument #1 to 'module' (string expected, got " .. (name == nil and 'no value' or type(name)) .. ')', 2)
  end
  local loaded = chunks.loaded_of_caller()
  local module = rawget(loaded, name)
  if type(module) ~= 'table' then
    module = find_table(name)
    rawset(loaded, name, module)
  end
  if module._NAME == nil then
    module._M = module
    module._NAME = name
    module._PACKAGE = match(name, '^(.*%.)[^%.]*$') or ''
  end
  local caller = getinfo(2, 'f').func
  if is_ours(caller) then
    error("'module' not called from a Lua function", 2)
  end
  base.setfenv(caller, module)
  for _, option in ipairs { ... } do
    option(module)
  end
end

function lua51.package.seeall(module)
  local metatable = getmetatable(module)
  if metatable == nil then
    metatable = {}
    setmetatable(module, metatable)
  end
  metatable.__index = native.globals()
end

-- string

local sub, rep, byte, char, format = string.sub, runtime.patterns.rep, string.byte, string.char, string.format

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
  return byte(s, i, j)
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
  for i = 1, select('#', ...) do
    local code = select(i, ...)
    if type(code) == 'number' and code % 1 ~= 0 then
      local codes = { ... }
      for k = 1, #codes do
        codes[k] = truncate(codes[k])
      end
      return char(unpack(codes))
    end
  end
  return char(...)
end

lua51.string.gfind = runtime.patterns.gmatch

-- Formats with conversions to integers: which arguments they take, and the format without %u. false: nothing to do.
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
    if known_formats >= 2000 then
      formats, known_formats = {}, 0
    end
    entry = integer_conversions(text)
    formats[text] = entry
    known_formats = known_formats + 1
  end
  if not entry then
    return format(text, ...)
  end
  local positions = entry.positions
  for k = 1, #positions do
    local value = select(positions[k], ...)
    if math_type(value) ~= 'integer' and type(value) ~= 'nil' then
      return format(entry.format, truncated(positions, ...))
    end
  end
  return format(entry.format, ...)
end

-- table

local insert, remove, move = table.insert, table.remove, table.move
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
  return insert(t, position, value)
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
  return remove(t, position)
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

local date, time, difftime = os.date, os.time, os.difftime

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
