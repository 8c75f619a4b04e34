-- Objects of mail storage: tables with fields of their own that scripts may add to, whose handle is in the field `item`.

local _, behind = ...
local arguments = behind.library 'dovecot.arguments'
local made, state_of = arguments.made, arguments.state
local getinfo = debug.getinfo
local getmetatable, type, tostring, tonumber, error, next = getmetatable, type, tostring, tonumber, error, next
local math_type = math.type

local objects = {}

-- `events`: metamethods besides those of every object.
function objects.made(kind, state, fields, events)
  local object = made(kind, state)
  local metatable = getmetatable(object)
  for name, event in next, events do
    metatable[name] = event
  end
  for name, value in next, fields do
    object[name] = value
  end
  return object
end

-- What is known of an object, or nil when the value is none of this kind.
function objects.known(value, kind)
  local metatable = type(value) == 'table' and getmetatable(value)
  return type(metatable) == 'table' and metatable.kind == kind and metatable.state or nil
end

objects.state = state_of

-- As luaL_argerror has it: without the object when it was a call of a method. `place` counts the object; to be called by the method itself.
local function bad(place, problem)
  local info = getinfo(3, 'n')
  local name, what = info and info.name, info and info.namewhat
  if what == 'method' then
    place = place - 1
    if place == 0 then
      error('calling \'' .. name .. '\' on bad self', 4)
    end
  end
  error('bad argument #' .. place .. " to '" .. (name or '?') .. "' (" .. problem .. ')', 4)
end

function objects.text(value, place)
  if type(value) == 'string' then
    return value
  elseif type(value) == 'number' then
    return tostring(value)
  end
  bad(place, 'string expected, got ' .. type(value))
end

function objects.integer(value, place)
  local number = value
  if type(value) == 'string' then
    number = tonumber(value)
  end
  if type(number) ~= 'number' then
    bad(place, 'number expected, got ' .. type(value))
  elseif math_type(number) == 'float' and number ~= number // 1 then
    bad(place, 'number has no integer representation')
  end
  return number // 1 | 0
end

return objects
