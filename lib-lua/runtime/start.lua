-- Puts the globals together that every policy finds. Run once per engine, after the other files of this directory.

local runtime = ...
local native, environment, coroutines, chunks = runtime.native, runtime.environment, runtime.coroutines, runtime.chunks
local rawnext = next

local function pick(library, names)
  local picked = {}
  for name in names:gmatch('%S+') do
    picked[name] = library[name]
  end
  return picked
end

local function merge(t, more)
  for name, value in rawnext, more do
    t[name] = value
  end
  return t
end

local lua51 = runtime.lua51

local plain = pick(_G, 'assert error pcall xpcall print rawequal rawlen rawset select tonumber tostring type pairs')
merge(plain, environment.base)
merge(plain, coroutines.base)
merge(plain, lua51.base)
for _, name in ipairs { 'load', 'loadstring', 'loadfile', 'dofile', 'require' } do
  plain[name] = chunks[name]
end

-- A policy must not stop or slow the collector for all others.
function plain.collectgarbage(what, ...)
  if what == nil or what == 'collect' then
    collectgarbage('step', 0)
    return 0
  elseif what == 'count' then
    return collectgarbage('count')
  elseif what == 'step' then
    return collectgarbage('step', 0)
  elseif what == 'isrunning' then
    return true
  elseif what == 'stop' or what == 'restart' or what == 'setpause' or what == 'setstepmul' then
    return 0
  elseif what == 'incremental' or what == 'generational' then
    return 'incremental'
  end
  error("bad argument #1 to 'collectgarbage' (invalid option '" .. tostring(what):sub(1, 100) .. "')", 2)
end

local bounded = runtime.bounded
local strings = pick(string, 'byte char dump find format gmatch gsub len lower match rep reverse sub upper pack packsize unpack')
local libraries = {
  string = merge(merge(merge(strings, bounded.string), runtime.patterns), lua51.string),
  table = merge(merge(pick(table, 'pack'), bounded.table), lua51.table),
  math = merge(merge({}, math), lua51.math),
  os = merge(merge({}, runtime.system.os), lua51.os),
  io = runtime.system.io,
  utf8 = merge(merge({}, utf8), bounded.utf8),
  coroutine = coroutines.library,
  debug = merge(pick(debug, 'traceback'), lua51.debug),
  package = merge({ searchpath = chunks.searchpath }, lua51.package),
}
for name, library in rawnext, libraries do
  libraries[name] = { plain = library }
end

local root = environment.node('_G', { plain = plain, nested = libraries, lazy = { _G = native.globals } })
environment.root = root
root.nested.string.changed = environment.string_metatable
root.nested.package.made = chunks.made_package

-- Modules of the engine: a description is { plain =, nested =, lazy =, waiting = { name = function that may suspend } }.
local function prepare(description)
  for name, start in rawnext, description.waiting or {} do
    description.plain[name] = coroutines.suspending(start)
  end
  for name, start in rawnext, description.lazy or {} do
    description.lazy[name] = coroutines.suspending(start)
  end
  for _, child in rawnext, description.nested or {} do
    prepare(child)
  end
end

function runtime.define(name, description)
  prepare(description)
  local node = environment.add(root, name, description)
  native.keep('smtpe.node.' .. name, node)
  return node
end

-- What the modules of lib-lua are given beside their name, and nobody else. Each connection has tables of its own: a policy that takes the modules apart
-- (debug.getupvalue) finds nothing there that is another's too.
local behind = {}

function runtime.define_behind(description)
  prepare(description)
  merge(behind, description.plain)
end

-- Modules that scripts of this engine do not see, and the modules of lib-lua do.
local unseen = {}

-- The functions of a module of the API as they come with the engine, whatever the policy has made of its own.
local function api(name)
  local node = root.nested[name] or unseen[name]
  return node and merge({}, node.plain)
end

function runtime.behind_of_caller()
  local record = native.record()
  local own = record.behind
  if own == nil then
    own = merge({ api = api, files = merge({}, runtime.system.files) }, behind)
    own.library = chunks.new_library(own)
    record.behind = own
  end
  return own
end

-- A global that is a module of lib-lua, loaded when a script first names it.
function runtime.define_library(name, module)
  root.lazy[name] = function()
    return runtime.behind_of_caller().library(module)
  end
end

function runtime.hide(name)
  unseen[name], root.nested[name] = root.nested[name], nil
end

-- Metatables of userdata: methods, and what the class has beyond them.
function runtime.define_class(name, methods, waiting, collected, attributes, text, same, missing)
  for method, start in rawnext, waiting do
    methods[method] = coroutines.suspending(start)
  end
  local metatable = { __name = name, __index = methods, __gc = collected, __tostring = text, __eq = same }
  if rawnext(attributes) ~= nil or missing then
    function metatable.__index(object, key)
      local read = attributes[key]
      if read then
        return read(object)
      end
      local method = methods[key]
      if method == nil and missing then
        missing(object, key)
      end
      return method
    end
  end
  if rawnext(attributes) ~= nil then
    function metatable.__newindex(_, key)
      error(name .. ' cannot be changed (' .. tostring(key) .. ')', 2)
    end
  end
  if name == 'FILE*' then
    merge(methods, runtime.system.file_methods)
    runtime.pipe_metatable = metatable
  end
  environment.shared[metatable] = { plain = methods, nested = {}, lazy = {} }
  return metatable
end

function runtime.finish(fields_module)
  native.keep('smtpe.root', root)
  native.keep('smtpe.environment', root.metatable)
  if fields_module then
    local fields = root.nested[fields_module] or runtime.define(fields_module, {})
    native.keep('smtpe.fields', fields.metatable)
  end
  native.keep('smtpe.string', debug.getmetatable(''))
  function runtime.call_entry(own_table, name, ...)
    local own = native.globals()
    if own_table then
      own = own[own_table]
    end
    local hook = own[name]
    if not hook then
      return runtime.tag
    end
    local metatable = type(hook) ~= 'function' and debug.getmetatable(hook)
    if metatable == nil or metatable and rawget(metatable, '__call') == nil then
      return runtime.tag, type(hook)
    end
    return hook(...)
  end
  debug.getmetatable('').__index = root.nested.string.plain
end

function runtime.collect()
  collectgarbage('collect')
end

function runtime.error_text(object)
  local metatable = debug.getmetatable(object)
  if metatable and metatable.__tostring then
    return tostring(object)
  end
  return '(error object is a ' .. type(object) .. ' value)'
end
