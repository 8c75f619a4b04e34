-- The debug library, as far as it reaches nothing but what is the policy's own: functions and frames of the engine and of C show nothing
-- and cannot be changed. There are no hooks: they are the engine's.

local runtime = ...
local environment, lua51 = runtime.environment, runtime.lua51
local type, error, find, rawget, rawset = type, error, string.find, rawget, rawset
local getinfo, getlocal, setlocal, getupvalue, setupvalue, upvalueid, upvaluejoin =
  debug.getinfo, debug.getlocal, debug.setlocal, debug.getupvalue, debug.setupvalue, debug.upvalueid, debug.upvaluejoin
local rawgetmetatable = debug.getmetatable

local library = lua51.debug

-- Whether a function or frame that getinfo(_, 'S') describes is not the policy's.
local function is_foreign(info)
  return info.what == 'C' or info.short_src == '[smtpe]'
end

-- Functions of the engine look like those of Lua in C, which they stand for.
local function disguised(info)
  if info and info.short_src == '[smtpe]' then
    info.source, info.short_src, info.what = '=[C]', '[C]', 'C'
    info.linedefined, info.lastlinedefined = -1, -1
  end
  if info and info.currentline and info.what == 'C' then
    info.currentline = -1
  end
  if info and info.func and info.nups and info.what == 'C' then
    info.nups = 0
  end
  return info
end

-- getinfo([thread,] function or level [, what])
function library.getinfo(...)
  local thread, where, what = ...
  if type(thread) ~= 'thread' then
    thread, where, what = nil, thread, where
  end
  local asked = what
  if type(what) == 'string' then
    what = what .. 'S' -- to know whose it is
  elseif what ~= nil then
    error("bad argument #2 to '?' (string expected, got " .. type(what) .. ')', 1)
  end
  local info
  if thread then
    info = what and getinfo(thread, where, what) or not what and getinfo(thread, where) or nil
  else
    if type(where) == 'number' then
      where = where + 1
    end
    info = what and getinfo(where, what) or not what and getinfo(where) or nil
  end
  info = disguised(info)
  if info and asked and not (find(asked, 'S', 1, true)) then
    info.source, info.short_src, info.what, info.linedefined, info.lastlinedefined = nil, nil, nil, nil, nil
  end
  return info
end

local function is_own_function(f)
  return type(f) == 'function' and not is_foreign(getinfo(f, 'S'))
end

local function check_function(f, index, name)
  if type(f) ~= 'function' then
    error('bad argument #' .. index .. " to '" .. name .. "' (function expected, got " .. type(f) .. ')', 3)
  end
end

function library.getupvalue(f, i)
  check_function(f, 1, 'getupvalue')
  if is_own_function(f) then
    return getupvalue(f, i)
  end
end

function library.setupvalue(f, i, value)
  check_function(f, 1, 'setupvalue')
  if is_own_function(f) then
    return setupvalue(f, i, value)
  end
end

function library.upvalueid(f, i)
  check_function(f, 1, 'upvalueid')
  if is_own_function(f) then
    return upvalueid(f, i)
  end
end

function library.upvaluejoin(f, i, g, k)
  check_function(f, 1, 'upvaluejoin')
  check_function(g, 3, 'upvaluejoin')
  if not (is_own_function(f) and is_own_function(g)) then
    error("bad argument to 'upvaluejoin' (Lua function of the policy expected)", 2)
  end
  upvaluejoin(f, i, g, k)
end

-- Whether frame `level` (as seen from the caller of the caller) is the policy's; nil: there is none.
local function is_own_frame(thread, level)
  local info
  if thread then
    info = getinfo(thread, level, 'S')
  else
    info = getinfo(level + 2, 'S')
  end
  return info and not is_foreign(info)
end

local function frame_arguments(...)
  if type((...)) == 'thread' then
    return ...
  end
  return nil, ...
end

function library.getlocal(...)
  local thread, level, i = frame_arguments(...)
  if type(level) == 'function' then
    if is_own_function(level) then
      return getlocal(level, i)
    end
    return
  end
  local own = is_own_frame(thread, level)
  if own == nil then
    error("bad argument #1 to 'getlocal' (level out of range)", 2)
  elseif not own then
    return
  end
  if thread then
    return getlocal(thread, level, i)
  end
  local name, value = getlocal(level + 1, i)
  return name, value
end

function library.setlocal(...)
  local thread, level, i, value = frame_arguments(...)
  local own = is_own_frame(thread, level)
  if own == nil then
    error("bad argument #1 to 'setlocal' (level out of range)", 2)
  elseif not own then
    return
  end
  if thread then
    return setlocal(thread, level, i, value)
  end
  local name = setlocal(level + 1, i, value)
  return name
end

-- The metatable itself, whatever its __metatable says; what all connections share is not there.
function library.getmetatable(value)
  if type(value) == 'string' then
    return environment.string_metatable()
  end
  local metatable = rawgetmetatable(value)
  if metatable == nil or environment.shared[metatable] then
    return nil
  end
  return metatable
end

-- Only of tables: those of other types belong to all connections. true, as in Lua 5.1. Libraries that run a text take the metatable of strings
-- away meanwhile and put it back: that of this connection stays where it is.
function library.setmetatable(t, metatable)
  if metatable ~= nil and type(metatable) ~= 'table' then
    error("bad argument #2 to 'setmetatable' (nil or table expected)", 2)
  elseif type(t) == 'string' and (metatable == nil or metatable == environment.base.getmetatable(t)) then
    return true
  elseif type(t) ~= 'table' then
    error("bad argument #1 to 'setmetatable' (only the metatable of a table can be set, got " .. type(t) .. ')', 2)
  end
  local present = rawgetmetatable(t)
  local protection = nil
  if present and not environment.shared[present] then
    protection = rawget(present, '__metatable')
  end
  if protection == nil then
    environment.base.setmetatable(t, metatable)
  else
    rawset(present, '__metatable', nil)
    environment.base.setmetatable(t, metatable)
    rawset(present, '__metatable', protection)
  end
  return true
end

function library.sethook() end

function library.gethook() end

return library
