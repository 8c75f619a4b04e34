-- lua-cjson: encode and decode, which raise errors, with its settings. null is cjson.null.

local text = require 'json.text'

local null = newproxy(true)
getmetatable(null).__tostring = function() return 'null' end
local empty_array = newproxy(true)
local array_mt, empty_array_mt = {}, {}

-- The value of a setting, changed when one is given.
local function setting(t, name, low, high, what)
  return function(value)
    if value ~= nil then
      if type(value) ~= 'number' or value < low or value > high then
        error("bad argument #1 to '" .. what .. "' (expected integer between " .. low .. ' and ' .. high .. ')', 2)
      end
      t[name] = value
    end
    return t[name]
  end
end

local function new()
  local reading = { depth = 1000, null = null, strict = true }
  local writing = { depth = 1000, empty = 'object', sparse = 'error', slash = true, digits = 14, null = null }
  function writing.kind(value)
    local metatable = getmetatable(value)
    return (metatable == array_mt or metatable == empty_array_mt) and 'array' or nil
  end
  local cjson = {
    _NAME = 'cjson', _VERSION = '2.1.0', null = null, empty_array = empty_array, array_mt = array_mt, empty_array_mt = empty_array_mt, new = new,
  }

  function cjson.decode(s)
    if type(s) ~= 'string' and type(s) ~= 'number' then
      error("bad argument #1 to 'decode' (string expected, got " .. (s == nil and 'nil' or type(s)) .. ')', 2)
    end
    local ok, value = text.decode_all(tostring(s), reading)
    if not ok then
      error(value, 2)
    end
    return value
  end

  function cjson.encode(value)
    local ok, written
    if value == empty_array then
      return '[]'
    end
    ok, written = pcall(text.encode, value, writing)
    if not ok then
      error(written, 2)
    end
    return written
  end

  cjson.decode_max_depth = setting(reading, 'depth', 1, 1000, 'decode_max_depth')
  cjson.encode_max_depth = setting(writing, 'depth', 1, 1000, 'encode_max_depth')
  cjson.encode_number_precision = setting(writing, 'digits', 1, 16, 'encode_number_precision')

  function cjson.encode_sparse_array(convert)
    if convert ~= nil then
      writing.sparse = convert and 'object' or 'error'
    end
    return writing.sparse == 'object', 2, 10
  end

  function cjson.encode_invalid_numbers(how)
    if how ~= nil then
      writing.invalid = how == 'null' and 'null' or nil
    end
    return writing.invalid or false
  end

  -- NaN and Infinity are no JSON and are never read; no buffer outlives a call.
  function cjson.decode_invalid_numbers() return false end
  function cjson.encode_keep_buffer() return false end
  function cjson.decode_array_with_array_mt(on)
    if on ~= nil then
      reading.array = on and array_mt or nil
    end
    return reading.array ~= nil
  end
  return cjson
end

local cjson = new()
if rawget(_G, 'cjson') == nil then
  rawset(_G, 'cjson', cjson)
end
return cjson
