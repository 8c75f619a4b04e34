-- The base library of Lua 5.1 where Lua 5.4 has something else or nothing: environments of functions, module, ipairs, newproxy.
-- Policies may use both. The other libraries are in libraries51.lua.

local runtime = ...
local native, chunks, environment = runtime.native, runtime.chunks, runtime.environment
local type, error, select, tonumber, rawget, rawset, rawequal, ipairs, pairs, setmetatable =
  type, error, select, tonumber, rawget, rawset, rawequal, ipairs, pairs, setmetatable
local unpack = runtime.bounded.table.unpack
local getinfo, getupvalue, upvaluejoin, getmetatable = debug.getinfo, debug.getupvalue, debug.upvaluejoin, debug.getmetatable
local floor = math.floor
local gmatch, match = string.gmatch, string.match

local lua51 = { base = {}, string = {}, table = {}, math = {}, os = {}, debug = {}, package = {} }
local base = lua51.base

base._VERSION = 'Lua 5.1'
base.unpack = unpack

-- Lua 5.1's ipairs does not ask __index.
local function raw_ipairs_step(t, i)
  i = i + 1
  local value = rawget(t, i)
  if value ~= nil then
    return i, value
  end
end

function base.ipairs(...)
  local t = ...
  local metatable = getmetatable(t)
  if metatable and type(t) == 'table' and rawget(metatable, '__index') then
    return raw_ipairs_step, t, 0
  end
  if t == nil then
    error("bad argument #1 to 'ipairs' (table expected, got " .. (select('#', ...) > 0 and 'nil' or 'no value') .. ')', 2)
  end
  return ipairs(t)
end

-- Lua 5.1 refuses at once what Lua 5.4 refuses when the loop begins.
function base.pairs(...)
  local t = ...
  if type(t) ~= 'table' then
    local metatable = getmetatable(t)
    if not metatable or rawget(metatable, '__pairs') == nil then
      local got = select('#', ...) > 0 and type(t) or 'no value'
      error("bad argument #1 to 'pairs' (table expected, got " .. got .. ')', 2)
    end
  end
  return pairs(...)
end

local metatable_of = environment.base.getmetatable

function base.getmetatable(...)
  local value = ...
  if value ~= nil and getmetatable(value) == nil then
    return nil
  elseif value == nil and select('#', ...) == 0 then
    error("bad argument #1 to 'getmetatable' (value expected)", 2)
  end
  return metatable_of(value)
end

-- The locale belongs to the process, and with it how all connections compare strings.
function lua51.os.setlocale(locale)
  if locale == nil or locale == '' or locale == 'C' or locale == 'POSIX' then
    return 'C'
  end
  return nil
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
  return environment.without_finalizer(metatable, native.newproxy, metatable)
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
  elseif #name > 4096 then
    error("bad argument #1 to 'module' (name longer than 4096 bytes)", 2)
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

-- Makes the globals visible in a module. What a module may be is also a library or `client`: then it is the connection's own that gets a
-- metatable, and what is looked up when it is first read stays so.
function lua51.package.seeall(module)
  if type(module) ~= 'table' then
    error("bad argument #1 to 'seeall' (table expected, got " .. (module == nil and 'no value' or type(module)) .. ')', 2)
  end
  local globals = native.globals()
  if rawequal(module, globals) then
    return -- it would be looked up in itself for ever
  end
  local node = environment.node_of(module)
  if node then
    environment.complete(module, node)
  end
  local metatable = getmetatable(module)
  if metatable == nil then
    setmetatable(module, { __index = globals })
  elseif environment.shared[metatable] then
    local lazy = metatable.__index
    setmetatable(module, {
      __index = function(t, key)
        local value = lazy(t, key)
        if value == nil then
          return globals[key]
        end
        return value
      end,
    })
  else
    metatable.__index = globals
  end
end

return lua51
