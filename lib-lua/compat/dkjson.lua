-- dkjson: encode with a state (indent, keyorder, exception), decode that gives the place behind the value, or nil, place and message.

local text = require 'json.text'
local dkjson = { version = 'dkjson 2.5 (of smtpe)', using_lpeg = false }

dkjson.null = setmetatable({}, { __tojson = function() return 'null' end })

local function special(state)
  return function(value)
    local metatable = getmetatable(value)
    local tojson = type(metatable) == 'table' and metatable.__tojson
    return tojson and tojson(value, state) or nil
  end
end

local function kind(value)
  local metatable = getmetatable(value)
  return type(metatable) == 'table' and metatable.__jsontype or nil
end

function dkjson.quotestring(s)
  return text.quote(s)
end

function dkjson.encode(value, state)
  state = state or {}
  local how = {
    depth = 1000, empty = 'array', invalid = 'null', indent = state.indent, order = state.keyorder, kind = kind,
    special = special(state), null = dkjson.null,
  }
  local ok, written = pcall(text.encode, value, how)
  if ok then
    return written
  end
  if type(state.exception) == 'function' then
    local made, message = state.exception('unsupported type', value, state, written)
    if made then
      return made == true and '' or made
    end
    written = message or written
  end
  error(written, 2)
end

function dkjson.encodeexception(_, _, _, message)
  return text.quote('<' .. tostring(message) .. '>')
end

function dkjson.addnewline() end

local words = '^[ \n\r\t]*()'

function dkjson.decode(s, at, null, ...)
  if type(s) ~= 'string' then
    error("bad argument #1 to 'decode' (string expected, got " .. type(s) .. ')', 2)
  end
  local object, array = { __jsontype = 'object' }, { __jsontype = 'array' }
  if select('#', ...) > 0 then
    object, array = ...
  end
  local how = { depth = 1000, null = null, object = object, array = array }
  local ok, value, place = text.decode_placed(s, at or 1, how)
  if ok then
    return value, place
  end
  local before = s:sub(1, place - 1)
  local _, lines = before:gsub('\n', '\n')
  local column = place - (before:match('^.*()\n') or 0)
  if s:match(words, at or 1) > #s then
    return nil, #s + 1, 'no valid JSON value (reached the end)'
  elseif value:find '^Expected value' then
    value = 'no valid JSON value'
  end
  return nil, place, value .. ' at line ' .. lines + 1 .. ', column ' .. column
end

function dkjson.use_lpeg()
  return dkjson -- the same, without LPeg
end

return dkjson
