-- load, dofile, require and their kin. A chunk gets the globals of the connection that asks for it. Files belong to the revision of the
-- policy: they are read and compiled once and run anew for each connection. So are the modules in
-- lib-lua, which belong to the engine and are compiled once for all.

local runtime = ...
local native, environment = runtime.native, runtime.environment
local rawget, rawset, type, error, tostring, select, concat, sort =
  rawget, rawset, type, error, tostring, select, table.concat, table.sort
local find, gsub, gmatch, match = string.find, string.gsub, string.gmatch, string.match
local rawnext, ipairs, setmetatable = next, ipairs, setmetatable
-- That of policies: an error in a module has the place in the module.
local pcall = runtime.coroutines.base.pcall

local chunks = {}

-- load(text or function [, chunkname [, mode [, env]]])
function chunks.load(chunk, name, mode, ...)
  local env
  if select('#', ...) > 0 then
    env = (...)
  else
    env = native.globals()
  end
  local text = chunk
  if type(chunk) == 'function' then
    local pieces, length = {}, 0
    while true do
      local piece = chunk()
      if piece == nil or piece == '' then
        break
      end
      if type(piece) ~= 'string' then
        return nil, 'reader function must return a string'
      end
      length = length + #piece
      if length > native.max_source() then
        return nil, 'the text has more than ' .. native.max_source() .. ' bytes (lua-max-source)'
      end
      pieces[#pieces + 1] = piece
    end
    text = concat(pieces)
    name = name or '=(load)'
  elseif type(chunk) == 'number' then
    text = tostring(chunk)
  elseif type(chunk) ~= 'string' then
    error("bad argument #1 to 'load' (function expected, got " .. type(chunk) .. ')', 2)
  end
  if mode and not find(mode, 't', 1, true) then
    return nil, "attempt to load a text chunk (mode is '" .. mode .. "')"
  end
  return native.load(text, name or text, env)
end

function chunks.loadstring(text, name)
  if type(text) ~= 'string' and type(text) ~= 'number' then
    error("bad argument #1 to 'loadstring' (string expected, got " .. type(text) .. ')', 2)
  end
  return native.load(tostring(text), name or tostring(text), native.globals())
end

function chunks.loadfile(path, mode, ...)
  local env
  if select('#', ...) > 0 then
    env = (...)
  else
    env = native.globals()
  end
  if type(path) ~= 'string' then
    error("bad argument #1 to 'loadfile' (string expected, got " .. (path == nil and 'no value' or type(path)) .. ')', 2)
  end
  local factory, message = native.file(path)
  if factory == nil then
    return nil, message
  end
  return factory(env)
end

function chunks.dofile(path)
  if type(path) ~= 'string' then
    error("bad argument #1 to 'dofile' (string expected, got " .. (path == nil and 'no value' or type(path)) .. ')', 2)
  end
  local factory, message = native.file(path)
  if factory == nil then
    if find(message, '^cannot ') then
      error(message, 2)
    end
    error("error loading file '" .. path .. "':\n\t" .. message, 2)
  end
  return factory(native.globals())()
end

-- require

local function loading() end -- marks a module that is being loaded

-- The tables of `package`, made when the connection first needs them.
function chunks.made_package(package)
  local record = native.record()
  local searchers = { chunks.searchers[1], chunks.searchers[2] }
  record.package = package
  record.loaded = chunks.new_loaded()
  rawset(package, 'loaded', record.loaded)
  rawset(package, 'preload', {})
  rawset(package, 'path', native.package_path())
  rawset(package, 'cpath', '')
  rawset(package, 'config', '/\n;\n?\n!\n-\n')
  rawset(package, 'searchers', searchers)
  rawset(package, 'loaders', searchers)
end

local function package_of_caller()
  local package = native.record().package
  if package == nil then
    package = environment.copy_of(environment.root.nested.package)
  end
  return package
end

function chunks.loaded_of_caller()
  package_of_caller()
  return native.record().loaded
end

-- package.loaded: what the connection has loaded; the engine's own libraries are found in its globals.
function chunks.new_loaded()
  return setmetatable({ _G = native.globals() }, chunks.loaded_metatable)
end
chunks.loaded_metatable = {
  __index = function(_, name)
    if environment.root.nested[name] then
      return native.globals()[name]
    end
  end,
  -- What is listed is not loaded by that: `require` still finds a file of that name.
  __pairs = function(loaded)
    local all = {}
    for name in rawnext, environment.root.nested do
      all[name] = native.globals()[name]
    end
    for name, module in rawnext, loaded do
      all[name] = module
    end
    return rawnext, all, nil
  end,
}
environment.shared[chunks.loaded_metatable] = { plain = {}, nested = {}, lazy = {} }

-- A module's name and a path for it, bytes: no file has a longer name.
local LONGEST_NAME, LONGEST_PATH = 4096, 65536

local function is_longer(text, longest)
  return type(text) == 'string' and #text > longest
end

function chunks.searchpath(name, path, separator, replacement)
  separator, replacement = separator or '.', replacement or '/'
  if is_longer(name, LONGEST_NAME) or is_longer(separator, LONGEST_NAME) or is_longer(replacement, LONGEST_NAME) then
    return nil, '\n\tname longer than ' .. LONGEST_NAME .. ' bytes'
  elseif is_longer(path, LONGEST_PATH) then
    return nil, '\n\tpath longer than ' .. LONGEST_PATH .. ' bytes'
  end
  if separator ~= '' then
    name = gsub(name, (gsub(separator, '%W', '%%%0')), (gsub(replacement, '%%', '%%%%')))
  end
  local tried = {}
  for template in gmatch(path, '[^;]+') do
    local file = gsub(template, '%?', (gsub(name, '%%', '%%%%')))
    if native.readable(file) then
      return file
    end
    tried[#tried + 1] = "\n\tno file '" .. file .. "'"
  end
  return nil, concat(tried)
end

-- Names that are always loaded, as in any Lua.
local standard = {
  _G = true, string = true, table = true, math = true, os = true, io = true, utf8 = true, coroutine = true, debug = true, package = true,
}

-- Whether `name` is a module of the API. They have their place in the path where lib-lua has it.
local function is_ours(name)
  return environment.root.nested[name] and not standard[name]
end

local function load_ours(name)
  return native.globals()[name]
end

local function our_names()
  local names = {}
  for name in rawnext, environment.root.nested do
    if not standard[name] then
      names[#names + 1] = name
    end
  end
  sort(names)
  return concat(names, ', ')
end

-- What people require that is written in C, and what does the same here.
local instead = {
  lpeg = 'LuLPeg does the same in Lua (lulpeg.lua beside the script, saved as lpeg.lua)',
  ['ssl'] = "for https: require 'ssl.https', or service.http",
  ['ssl.core'] = "for https: require 'ssl.https', or service.http",
  ['ssl.context'] = "for https: require 'ssl.https', or service.http",
  ['socket.serial'] = 'a policy reaches no serial lines',
  ['posix'] = "for files: require 'lfs', io and os; for time: util.time",
  ['luasql'] = 'no database is reached by it: use store, map.open or a web service',
  ['lsqlite3'] = 'use store or map.open',
  ['zlib'] = 'mime.content gives parts of a message unpacked, service.http answers',
  ['iconv'] = 'mime.text and header.decode give UTF-8',
  ['crypto'] = 'use util.sha1, util.sha256, util.hmac',
  ['openssl'] = 'use util.sha1, util.sha256, util.hmac, or dkim for signatures',
  ['bit'] = 'Lua 5.4 has the operators & | ~ << >>',
  ['bit32'] = 'Lua 5.4 has the operators & | ~ << >>',
  ['rex_pcre'] = 'use string.match, or text.find',
  ['hiredis'] = "use require 'redis'",
  ['struct'] = 'use string.pack and string.unpack',
  ['lua_zlib'] = 'service.http undoes gzip',
  ['cqueues'] = "functions that wait let others run: require 'socket'",
  ['copas'] = "functions that wait let others run: require 'socket'",
  ['luaunbound'] = 'use dns',
  ['osbf'] = 'no such classifier is there: ask rspamd or spamd by service',
}

local function no_c_modules(name)
  local advice = instead[name] or instead[match(name, '^[^%.]+')]
  return 'C modules cannot be loaded; '
    .. (advice and name .. ' is one: ' .. advice .. '; ' or '')
    .. 'the modules of smtpe are ' .. our_names()
end

local function search_preload(name)
  local loader = package_of_caller().preload[name]
  if loader ~= nil then
    return loader, ':preload:'
  end
  return "\n\tno field package.preload['" .. tostring(name) .. "']"
end

local function file_loader(name, file, of_library)
  local factory, message
  if of_library then
    factory, message = native.library_file(file)
  else
    factory, message = native.file(file)
  end
  if factory == nil then
    error("error loading module '" .. name .. "' from file '" .. file .. "':\n\t" .. message, 4)
  end
  local chunk = factory(native.globals())
  if not of_library then
    return chunk, file
  end
  return function(module_name)
    return chunk(module_name, runtime.behind_of_caller())
  end, file
end

-- By the name of the module: the factories of those of lib-lua that were loaded. Push scripts load some of them with every message.
local library_factories = {}

local function library_factory(name)
  local factory = library_factories[name]
  if factory == nil then
    local file = gsub(runtime.library_path, '%?', (gsub(gsub(name, '%.', '/'), '%%', '%%%%')))
    local message
    factory, message = native.library_file(file)
    if factory == nil then
      error("error loading module '" .. name .. "' from file '" .. file .. "':\n\t" .. message, 5)
    end
    library_factories[name] = factory
  end
  return factory
end

-- What gives the caller modules of lib-lua, whatever files of that name the script has and whatever package.path is: for what comes with smtpe itself.
-- They are the same as `require` finds. `behind`: what they are given.
function chunks.new_library(behind)
  local loaded, globals = chunks.loaded_of_caller(), native.globals()
  return function(name)
    local module = rawget(loaded, name)
    if module == nil then
      module = library_factory(name)(globals)(name, behind)
      rawset(loaded, name, module)
    end
    return module
  end
end

-- A module of lib-lua/compat that has the name of one of the API and what it has besides (`mime`, `md5`): in its place.
local function beside_ours(name)
  local file = gsub(runtime.library_path, '%?', (gsub('compat/' .. name, '%%', '%%%%')))
  return native.readable(file) and file
end

local function search_files(name)
  local path = package_of_caller().path
  if type(path) ~= 'string' then
    error("'package.path' must be a string", 3)
  elseif #path > LONGEST_PATH then
    error("'package.path' is longer than " .. LONGEST_PATH .. ' bytes', 3)
  end
  local part = gsub(gsub(name, '%.', '/'), '%%', '%%%%')
  local tried, ours = {}, is_ours(name)
  for template in gmatch(path, '[^;]+') do
    if ours and template == runtime.library_path then
      local both = beside_ours(name)
      if both then
        return file_loader(name, both, true)
      end
      return load_ours, ':smtpe:'
    end
    local file = gsub(template, '%?', part)
    local is_there, of_library = native.readable(file)
    if is_there then
      return file_loader(name, file, of_library)
    end
    tried[#tried + 1] = "\n\tno file '" .. file .. "'"
  end
  if ours then
    return load_ours, ':smtpe:'
  end
  return concat(tried) .. '\n\t' .. no_c_modules(name)
end

chunks.searchers = { search_preload, search_files }

function chunks.require(name)
  if type(name) ~= 'string' then
    error("bad argument #1 to 'require' (string expected, got " .. (name == nil and 'no value' or type(name)) .. ')', 2)
  elseif #name > LONGEST_NAME then
    error("bad argument #1 to 'require' (name longer than " .. LONGEST_NAME .. ' bytes)', 2)
  end
  local loaded = chunks.loaded_of_caller()
  local package = native.record().package
  local value
  if standard[name] then
    value = loaded[name]
  else
    value = rawget(loaded, name) -- of the API: only when no file of that name comes first
  end
  if value == loading then
    error("loop or previous error loading module '" .. name .. "'", 2)
  end
  if value then
    return value
  end
  local tried = {}
  for _, searcher in ipairs(package.searchers or package.loaders) do
    local loader = searcher(name)
    if type(loader) == 'function' then
      rawset(loaded, name, loading)
      local ok, result = pcall(loader, name) -- only the name, as in Lua 5.1: module(...)
      if not ok then
        rawset(loaded, name, nil)
        error(result, 0)
      end
      if result ~= nil then
        rawset(loaded, name, result)
      elseif rawget(loaded, name) == loading then
        rawset(loaded, name, true)
      end
      return loaded[name]
    elseif type(loader) == 'string' then
      tried[#tried + 1] = loader
    end
  end
  error("module '" .. name .. "' not found:" .. concat(tried), 2)
end

return chunks
