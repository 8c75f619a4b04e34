-- How functions of `dovecot` look at their arguments: a wrong number of them, and an object that is none, are errors without a place; a wrong
-- type is one of the standard kind, at the line of the caller.

local type, error, tostring, tonumber = type, error, tostring, tonumber
local rawget, getmetatable, setmetatable, math_type, floor = rawget, getmetatable, setmetatable, math.type, math.floor

local arguments = {}

-- `given` from `least` to `most`, the object of a method included.
function arguments.count(given, least, most)
  most = most or least
  if given >= least and given <= most then
    return
  elseif least == most then
    error('expected ' .. least .. ' arguments, got ' .. given, 0)
  end
  error('expected ' .. least .. ' to ' .. most .. ' arguments, got ' .. given, 0)
end

local function bad(place, name, expected, value, missing)
  error("bad argument #" .. place .. " to '" .. name .. "' (" .. expected .. ' expected, got '
    .. (missing and 'no value' or type(value)) .. ')', 4)
end

-- A number is taken as a text. `place` is that of the argument, the object of a method left out.
function arguments.text(value, place, name, missing)
  if type(value) == 'string' then
    return value
  elseif type(value) == 'number' then
    return tostring(value)
  end
  bad(place, name, 'string', value, missing)
end

function arguments.table(value, place, name)
  if type(value) ~= 'table' then
    bad(place, name, 'table', value)
  end
  return value
end

-- A whole number, also one in a text.
function arguments.integer(value, place, name)
  local number = value
  if type(value) == 'string' then
    number = tonumber(value)
  end
  if type(number) ~= 'number' then
    bad(place, name, 'number', value)
  elseif math_type(number) == 'float' then
    if number ~= floor(number) or number >= 2 ^ 63 or number < -2 ^ 63 then
      error("bad argument #" .. place .. " to '" .. name .. "' (number has no integer representation)", 3)
    end
    return floor(number)
  end
  return number
end

-- Objects are tables, and what is known of one is in a metatable of its own: nothing but the object holds it, and it goes with it. (A table
-- keyed by the objects would hold them all for ever: keys are never weak here.) `kind`: the name, and the methods, or a function of the
-- object and the name of a field.
function arguments.kind(name, index)
  return { name = name, index = index }
end

-- The handle of an object is in the field `item`, where scripts may look for it.
local new_handle = newproxy
function arguments.made(kind, state)
  return setmetatable({ item = new_handle() }, { __name = kind.name, __index = kind.index, kind = kind, state = state })
end

local rawmetatable = getmetatable

-- What is known of the object that a method is called with, which must be of this kind, or the other.
function arguments.state(value, kind, other)
  local metatable = type(value) == 'table' and rawmetatable(value)
  local its = type(metatable) == 'table' and rawget(metatable, 'kind')
  if not its or its ~= kind and its ~= other then
    error('Bad argument #1, expected ' .. kind.name .. ' got ' .. type(value), 0)
  end
  return metatable.state
end

return arguments
