-- What an error of a library function says to a policy. Many library functions are Lua of ours, which calls Lua's own in C: what those
-- raise speaks of a place and of names in our code. It gets the place of the policy's function that called ours, and the name by which it
-- did, as if ours were C functions too.

local runtime = ...
local type, tostring, select, sub, find, match, getinfo, getlocal =
  type, tostring, select, string.sub, string.find, string.match, debug.getinfo, debug.getlocal

local positions = {}

local prefix = '[smtpe]:'

function positions.is_ours(message)
  return type(message) == 'string' and sub(message, 1, 8) == prefix
end

-- Lua's words for an operation on a local variable of ours, and what was wanted of it.
local operations = {
  ['perform arithmetic on'] = 'number',
  ['perform bitwise operation on'] = 'number',
  ['compare'] = 'number',
  ['concatenate'] = 'string',
  ['get length of'] = 'table',
  ['index'] = 'table',
  ['call'] = 'function',
}

-- What our code calls Lua's own functions.
local inner_names = { set = 'setmetatable', checked_setmetatable = 'setmetatable', new = 'create', rawnext = 'next' }

-- The message as an error of the function that was called by `name`, as a method or not.
local function renamed(message, name, is_method)
  local index, inner, rest = match(message, "^bad argument #(%d+) to '([^']*)'(.*)$")
  if index == nil then
    return message
  end
  -- Called by a C function: nobody knows.
  name = name or inner_names[inner] or match(inner, '^raw_(.*)$') or inner
  if is_method then
    index = index - 1
    if index == 0 then
      return "calling '" .. name .. "' on bad self" .. rest
    end
  end
  return 'bad argument #' .. tostring(index) .. " to '" .. name .. "'" .. rest
end

-- Text of an error of the library that is kept: an object may have a name (__name) of 25 MB.
local LONGEST = 8192

-- `info_at(level, what)` and `local_at(level, i)` look at the stack where it happened; level `base` is the function that raised the error.
local function described(message, base, info_at, local_at)
  local _, last = find(message, '^%[smtpe%]:%d+: ')
  if last == nil then
    return message
  end
  local text = sub(message, last + 1, last + LONGEST)
  if #message > last + LONGEST then
    text = text .. '...'
  end
  local level = base
  local info = info_at(level, 'Sl')
  if info and info.what == 'C' then
    level = level + 1
    info = info_at(level, 'Sl')
  end
  local first = level
  while info and info.short_src == '[smtpe]' do
    level = level + 1
    info = info_at(level, 'Sl')
  end
  if level == first then
    return text
  end
  local called = info_at(level - 1, 'n')
  if first == base then
    local what, got, name = match(text, "^attempt to ([%a ]-) an? (%a+) value %(local '([^']*)'%)$")
    if name and operations[what] then
      for i = 1, info_at(first, 'u').nparams do
        if local_at(first, i) == name then
          text = 'bad argument #' .. i .. " to '?' (" .. operations[what] .. ' expected, got ' .. got .. ')'
        end
      end
    end
  end
  text = renamed(text, called.name, called.namewhat == 'method')
  if info and info.currentline > 0 then
    return info.short_src .. ':' .. info.currentline .. ': ' .. text
  end
  return text
end

-- A message handler: runs where the error was raised, or `depth` functions above. Between are getinfo, the function here, described and
-- located.
local function info_here(level, what)
  return getinfo(level + 4, what)
end

local function local_here(level, i)
  return (getlocal(level + 4, i))
end

function positions.located(message, depth)
  if type(message) ~= 'string' or sub(message, 1, 8) ~= prefix then
    return message
  end
  local text = described(message, depth or 0, info_here, local_here)
  return text
end

-- The same for the error that ended a coroutine; nil: nobody knows where any more.
function positions.located_in(co, message)
  if type(message) ~= 'string' or sub(message, 1, 8) ~= prefix then
    return message
  elseif co == nil then
    return sub(message, (select(2, find(message, '^%[smtpe%]:%d+: ')) or 0) + 1)
  end
  return described(message, 0, function(level, what)
    return getinfo(co, level, what)
  end, function(level, i)
    return (getlocal(co, level, i))
  end)
end
runtime.located_in = positions.located_in

return positions
