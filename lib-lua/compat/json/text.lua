-- JSON (RFC 8259) as text and as values of Lua, for json, cjson and dkjson, which differ in what null is, how an error is told and how a
-- text is written. Octets are taken and given as they are. What a stranger wrote is bounded: depth, length of a number; it never raises
-- anything but a fault with its place.

local type, tostring, tonumber, error, pcall, next, ipairs = type, tostring, tonumber, error, pcall, next, ipairs
local setmetatable, getmetatable, rawequal = setmetatable, getmetatable, rawequal
local find, sub, byte, char, format, gsub, match = string.find, string.sub, string.byte, string.char, string.format, string.gsub, string.match
local concat, sort = table.concat, table.sort
local floor, huge = math.floor, math.huge

local _, behind = ...
local quick, write_simple = behind.api('util').json_decode, behind.json_text
local text = {}

-- A number is not written longer by anybody.
local LONGEST_NUMBER = 1000
-- What util.json_decode takes.
local LONGEST_QUICK = 1048576

-- Raised, and caught by `decode`.
local fault = {}

local function fail(what, at)
  error(setmetatable({ what, at }, fault), 0)
end

local names = {
  ['{'] = 'T_OBJ_BEGIN', ['}'] = 'T_OBJ_END', ['['] = 'T_ARR_BEGIN', [']'] = 'T_ARR_END', [','] = 'T_COMMA', [':'] = 'T_COLON',
  ['"'] = 'T_STRING',
}

-- What stands at a place, for a message.
local function found(s, at)
  local c = sub(s, at, at)
  if c == '' then
    return 'T_END'
  elseif find(c, '[%d%-]') then
    return 'T_NUMBER'
  elseif find(s, '^true', at) or find(s, '^false', at) then
    return 'T_BOOLEAN'
  end
  return names[c] or find(s, '^null', at) and 'T_NULL' or 'invalid token'
end

local function expected(what, s, at)
  fail('Expected ' .. what .. ' but found ' .. found(s, at), at)
end

local function utf8_of(code)
  if code < 0x80 then
    return char(code)
  elseif code < 0x800 then
    return char(0xC0 + floor(code / 0x40), 0x80 + code % 0x40)
  elseif code < 0x10000 then
    return char(0xE0 + floor(code / 0x1000), 0x80 + floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
  end
  return char(0xF0 + floor(code / 0x40000), 0x80 + floor(code / 0x1000) % 0x40, 0x80 + floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

local plain = { b = '\b', f = '\f', n = '\n', r = '\r', t = '\t', ['"'] = '"', ['\\'] = '\\', ['/'] = '/' }

-- The character behind `\u`, and where it ends.
local function escaped_unicode(s, at, how)
  local digits = match(s, '^%x%x%x%x', at + 2)
  if not digits then
    fail('invalid unicode escape code', at)
  end
  local code = tonumber(digits, 16)
  if code >= 0xD800 and code < 0xDC00 then
    local low = match(s, '^\\u([dD][c-fC-F]%x%x)', at + 6)
    if low then
      return utf8_of(0x10000 + (code - 0xD800) * 0x400 + tonumber(low, 16) - 0xDC00), at + 12
    end
  end
  if code >= 0xD800 and code < 0xE000 then
    if how.strict then
      fail('invalid unicode escape code', at)
    end
    code = 0xFFFD
  end
  return utf8_of(code), at + 6
end

-- A string whose opening quote stands at `at`, and what follows.
local function read_string(s, at, how)
  local from = at + 1
  local stop = find(s, '["\\%z]', from)
  if stop and byte(s, stop) == 34 then
    return sub(s, from, stop - 1), stop + 1
  end
  local pieces, count = {}, 0
  while true do
    if stop == nil or byte(s, stop) == 0 then
      fail('Expected value but found unexpected end of string', at)
    end
    count = count + 1
    pieces[count] = sub(s, from, stop - 1)
    if byte(s, stop) == 34 then
      return concat(pieces), stop + 1
    end
    local letter = sub(s, stop + 1, stop + 1)
    count = count + 1
    if letter == 'u' then
      pieces[count], from = escaped_unicode(s, stop, how)
    elseif plain[letter] then
      pieces[count], from = plain[letter], stop + 2
    else
      fail('Expected value but found invalid escape code', stop)
    end
    stop = find(s, '["\\%z]', from)
  end
end

local function read_number(s, at)
  local _, last = find(s, '^-?%d+', at)
  if last == nil then
    fail('Expected value but found invalid number', at)
  end
  local _, fraction = find(s, '^%.%d+', last + 1)
  local _, exponent = find(s, '^[eE][-+]?%d+', (fraction or last) + 1)
  local stop = exponent or fraction or last
  if stop - at >= LONGEST_NUMBER or find(s, '^-?0%d', at) then
    fail('Expected value but found invalid number', at)
  end
  local value = tonumber(sub(s, at, stop))
  if value == huge or value == -huge then
    fail('Expected value but found a number that is too large', at)
  end
  return value, stop + 1
end

local function skip(s, at)
  local c = byte(s, at)
  if c == 32 or c == 10 or c == 13 or c == 9 then
    return find(s, '[^ \n\r\t]', at) or #s + 1
  end
  return at
end

local read_value

local function deeper(depth, how, at)
  if depth >= how.depth then
    fail('Found too many nested data structures (' .. depth + 1 .. ')', at)
  end
  return depth + 1
end

local function read_array(s, at, how, depth)
  depth = deeper(depth, how, at)
  local list, count = {}, 0
  at = skip(s, at + 1)
  if byte(s, at) == 93 then
    return how.array and setmetatable(list, how.array) or list, at + 1
  end
  while true do
    local value
    value, at = read_value(s, at, how, depth)
    count = count + 1
    list[count] = value
    at = skip(s, at)
    local c = byte(s, at)
    if c == 93 then
      return how.array and setmetatable(list, how.array) or list, at + 1
    elseif c ~= 44 then
      expected('comma or array end', s, at)
    end
    at = skip(s, at + 1)
  end
end

local function read_object(s, at, how, depth)
  depth = deeper(depth, how, at)
  local object = {}
  at = skip(s, at + 1)
  if byte(s, at) == 125 then
    return how.object and setmetatable(object, how.object) or object, at + 1
  end
  while true do
    if byte(s, at) ~= 34 then
      expected('object key string', s, at)
    end
    local key, value
    key, at = read_string(s, at, how)
    at = skip(s, at)
    if byte(s, at) ~= 58 then
      expected('colon', s, at)
    end
    value, at = read_value(s, skip(s, at + 1), how, depth)
    object[key] = value
    at = skip(s, at)
    local c = byte(s, at)
    if c == 125 then
      return how.object and setmetatable(object, how.object) or object, at + 1
    elseif c ~= 44 then
      expected('comma or object end', s, at)
    end
    at = skip(s, at + 1)
  end
end

function read_value(s, at, how, depth)
  local c = byte(s, at)
  if c == 34 then
    return read_string(s, at, how)
  elseif c == 123 then
    return read_object(s, at, how, depth)
  elseif c == 91 then
    return read_array(s, at, how, depth)
  elseif c == 116 and sub(s, at, at + 3) == 'true' then
    return true, at + 4
  elseif c == 102 and sub(s, at, at + 4) == 'false' then
    return false, at + 5
  elseif c == 110 and sub(s, at, at + 3) == 'null' then
    return how.null, at + 4
  elseif c and (c == 45 or c >= 48 and c <= 57) then
    return read_number(s, at)
  end
  expected('value', s, at)
end

-- decode(s, at, how) -> true, value, place behind it; or false, what is wrong, where. `how`: null, depth, strict, array and object
-- (metatables).
function text.decode(s, at, how)
  local ok, value, stop = pcall(read_value, s, skip(s, at or 1), how, 0)
  if ok then
    return true, value, stop
  elseif type(value) == 'table' and rawequal(getmetatable(value), fault) then
    return false, value[1], value[2]
  end
  error(value, 0)
end

-- The same of a whole text. What is UTF-8 and not deep is read by util.json_decode, which is many times as fast.
function text.decode_all(s, how)
  if #s <= LONGEST_QUICK and how.depth > 15 and not (how.strict and find(s, '\\u[dD][89a-fA-F]')) then
    local quickly, problem = quick(s, how.null)
    if problem == nil and (quickly ~= nil or how.null == nil) and not how.array then
      return true, quickly
    end
  end
  local ok, value, at = text.decode(s, 1, how)
  if not ok then
    return false, value .. ' at character ' .. at
  end
  at = skip(s, at)
  if at <= #s then
    return false, 'Expected the end but found ' .. found(s, at) .. ' at character ' .. at
  end
  return true, value
end

-- What null is until it is known what stands around it.
local nothing = newproxy()

-- Tables of util.json_decode as read_value makes them. `empty`: the metatable of those without a value.
local function marked(value, how, empty)
  local first = next(value)
  for key, item in next, value do
    if rawequal(item, nothing) then
      value[key] = how.null
    elseif type(item) == 'table' then
      marked(item, how, empty)
    end
  end
  local metatable = empty
  if first ~= nil then
    metatable = type(first) == 'number' and how.array or how.object
  end
  return metatable and setmetatable(value, metatable) or value
end

-- The same for who wants metatables and the place behind the value, as decode gives them: quickly when that is possible, which is when no one
-- could take `[]` for `{}`.
function text.decode_placed(s, at, how)
  local arrays, objects = find(s, '%[[ \n\r\t]*%]'), find(s, '{[ \n\r\t]*}')
  if at == 1 and #s <= LONGEST_QUICK and how.depth > 15 and not (arrays and objects) then
    local value, problem = quick(s, nothing)
    if problem == nil then
      if rawequal(value, nothing) then
        value = how.null
      elseif type(value) == 'table' then
        value = marked(value, how, arrays and how.array or how.object)
      end
      return true, value, match(s, '^.*[^ \n\r\t]()')
    end
  end
  return text.decode(s, at, how)
end

-- Writing

local escapes = { ['"'] = '\\"', ['\\'] = '\\\\', ['\b'] = '\\b', ['\f'] = '\\f', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t' }

local function escape(c)
  return escapes[c] or format('\\u%04x', byte(c))
end

function text.quote(s, slash)
  if find(s, '[%c"\\\127]') then
    s = gsub(s, '[%c"\\\127]', escape)
  end
  if slash and find(s, '/', 1, true) then
    s = gsub(s, '/', '\\/')
  end
  return '"' .. s .. '"'
end

-- The length of a table as an array; nil when it is none.
local function length_of(t, how)
  local most, count = 0, 0
  for key in next, t do
    if type(key) ~= 'number' or key < 1 or key % 1 ~= 0 then
      return nil
    end
    count = count + 1
    most = key > most and key or most
  end
  if most > 10 and most > count * 2 then
    return nil, how.sparse == 'error'
  end
  return most
end

local function by_text(a, b)
  return tostring(a) < tostring(b)
end

-- The keys of an object: those of `order` first.
local function keys_of(t, order)
  local keys, count, seen = {}, 0, {}
  for _, key in ipairs(order or {}) do
    if t[key] ~= nil and not seen[key] then
      count = count + 1
      keys[count], seen[key] = key, true
    end
  end
  local first = count + 1
  local rest, number, all_strings = {}, 0, true
  for key in next, t do
    if not seen[key] then
      number = number + 1
      rest[number] = key
      all_strings = all_strings and type(key) == 'string'
    end
  end
  if all_strings then
    sort(rest)
  elseif not pcall(sort, rest) then
    sort(rest, by_text)
  end
  for i, key in ipairs(rest) do
    keys[first + i - 1] = key
  end
  return keys
end

local function number_text(value, how)
  if value ~= value or value == huge or value == -huge then
    if how.invalid == 'null' then
      return 'null'
    end
    error('Cannot serialise number: must not be NaN or Inf', 0)
  elseif value % 1 == 0 and value > -1e15 and value < 1e15 then
    return format('%d', value)
  end
  return (gsub(format('%.' .. (how.digits or 14) .. 'g', value), ',', '.'))
end

local write

local function line(out, how, depth)
  if how.indent then
    out[#out + 1] = '\n' .. (('  '):rep(depth))
  end
end

local function write_array(t, length, out, how, depth)
  out[#out + 1] = '['
  for i = 1, length do
    if i > 1 then
      out[#out + 1] = ','
    end
    write(t[i], out, how, depth)
  end
  out[#out + 1] = ']'
end

local function write_object(t, out, how, depth)
  out[#out + 1] = '{'
  local first = true
  for _, key in ipairs(keys_of(t, how.order)) do
    local kind = type(key)
    if kind ~= 'string' and kind ~= 'number' then
      error('Cannot serialise ' .. kind .. ': table key must be a number or string', 0)
    end
    if not first then
      out[#out + 1] = ','
    end
    first = false
    line(out, how, depth)
    out[#out + 1] = text.quote(kind == 'number' and number_text(key, how) or key, how.slash) .. ':'
    write(t[key], out, how, depth)
  end
  if not first then
    line(out, how, depth - 1)
  end
  out[#out + 1] = '}'
end

function write(value, out, how, depth)
  local kind = type(value)
  if kind == 'nil' or rawequal(value, how.null) then
    out[#out + 1] = 'null'
  elseif kind == 'boolean' then
    out[#out + 1] = value and 'true' or 'false'
  elseif kind == 'string' then
    out[#out + 1] = text.quote(value, how.slash)
  elseif kind == 'number' then
    out[#out + 1] = number_text(value, how)
  elseif kind == 'table' then
    if depth >= how.depth then
      error('Cannot serialise, excessive depth (' .. depth + 1 .. ')', 0)
    end
    -- Most tables have no metatable, and nothing special then.
    local has_metatable = getmetatable(value) ~= nil
    local own = has_metatable and how.special and how.special(value)
    if own then
      out[#out + 1] = own
      return
    end
    local length, sparse = length_of(value, how)
    if sparse then
      error('Cannot serialise table: excessively sparse array', 0)
    end
    local kind_of_table = has_metatable and how.kind and how.kind(value)
    if kind_of_table == 'array' then
      write_array(value, length or #value, out, how, depth + 1)
    elseif kind_of_table == 'object' or length == nil or length == 0 and how.empty == 'object' then
      write_object(value, out, how, depth + 1)
    else
      write_array(value, length, out, how, depth + 1)
    end
  else
    error('Cannot serialise ' .. kind .. ': type not supported', 0)
  end
end

-- Values that are written outside of Lua at once, 64 octets of a string being another one: others get their turn behind them.
local MOST_QUICK = 10000

-- How many values may still come behind this one; nil when one is not simple: of another kind, too deep, with a metatable.
local function simple(value, left, depth)
  local kind = type(value)
  if left <= 0 then
    return nil
  elseif kind == 'string' then
    return left - 1 - #value // 64
  elseif kind == 'number' or kind == 'boolean' then
    return left - 1
  elseif kind ~= 'table' or depth > 14 or getmetatable(value) ~= nil then
    return nil
  end
  left = left - 1
  for key, item in next, value do
    left = type(key) ~= 'table' and simple(item, left, depth + 1) or nil
    if left == nil then
      return nil
    end
  end
  return left
end

-- encode(value, how) -> text; raises what cannot be written. `how`: null, depth, empty, sparse, digits, slash, indent, order, kind, special. What is simple
-- is written outside of Lua, where the same text comes out several times as fast.
function text.encode(value, how)
  if how.depth > 15 and not how.indent and not how.order and not rawequal(value, how.null) and simple(value, MOST_QUICK, 0) then
    local ok, written = pcall(write_simple, value, how.digits or 14, how.slash or false, how.empty == 'object')
    if ok and written ~= nil then
      return written
    end
  end
  local out = {}
  write(value, out, how, 0)
  return concat(out)
end

return text
