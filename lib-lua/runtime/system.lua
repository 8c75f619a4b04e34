-- io and os of a policy: real files, standard input and output of its own, commands that do not hold up anyone else. Files that are
-- still open when the connection ends are closed then.

local runtime = ...
local native, coroutines, environment = runtime.native, runtime.coroutines, runtime.environment
local open, tmpfile, lines_of, type_of, stdin, stdout, stderr = io.open, io.tmpfile, io.lines, io.type, io.stdin, io.stdout, io.stderr
local type, error, select, unpack, concat, setmetatable, pcall = type, error, select, table.unpack, table.concat, setmetatable, pcall
local rename, remove = os.rename, os.remove
local sub = string.sub
local getmetatable = debug.getmetatable
local rawnext, ipairs = next, ipairs

local system = { io = { stdin = stdin, stdout = stdout, stderr = stderr }, os = {}, file_methods = {} }
local weak = { __mode = 'v' }

-- The metatable of files is shared by all connections.
environment.shared[getmetatable(stdout)] = { plain = getmetatable(stdout).__index, nested = {}, lazy = {} }

-- The connection's open files.
local function remember(file)
  if file then
    local record = native.record()
    local files = record.files
    if files == nil then
      files = setmetatable({}, weak)
      record.files, record.opened = files, 0
      native.track()
    end
    record.opened = record.opened + 1
    files[record.opened] = file
  end
  return file
end

-- Run by the engine when a connection ends.
function runtime.close_files(record)
  for _, file in rawnext, record.files or {} do
    if type_of(file) == 'file' then
      pcall(file.close, file)
    end
  end
end

-- What failed has a text and a number: the C library's own number becomes that of the system.
local function with_errno(...)
  local ok, message, number = ...
  if ok == nil and number and select('#', ...) == 3 then
    return nil, message, native.errno(number)
  end
  return ...
end

-- A file that could not be opened for a reason of ours says so.
local function opened(path, ...)
  local file, message, number = ...
  if file then
    return remember(file)
  end
  local problem = native.open_problem()
  if problem then
    message = (path and path .. ': ' or '') .. problem
  end
  return nil, message, number and native.errno(number)
end

-- No system has a longer path; copying and looking at one of 25 MB would take a third of a second.
local LONGEST_PATH = 4096

local function too_long(path)
  if type(path) == 'string' and #path > LONGEST_PATH then
    return sub(path, 1, 60) .. '...: Filename too long'
  end
end

function system.io.open(...)
  local path = ...
  local problem = too_long(path)
  if problem then
    return nil, problem, 36
  end
  return opened(path, open(...))
end

function system.io.tmpfile()
  return opened(nil, tmpfile())
end

-- Methods of files that give such numbers.
do
  local methods = getmetatable(stdout).__index
  for _, name in ipairs { 'read', 'write', 'seek', 'flush', 'close', 'setvbuf' } do
    local method = methods[name]
    methods[name] = function(...)
      return with_errno(method(...))
    end
  end
  -- All connections write to the same standard output: none may keep the lines of the others back.
  local setvbuf = methods.setvbuf
  function methods.setvbuf(file, ...)
    if file == stdout or file == stderr or file == stdin then
      return true
    end
    return setvbuf(file, ...)
  end
end

function system.os.rename(from, to)
  local problem = too_long(from) or too_long(to)
  if problem then
    return nil, problem, 36
  end
  local ok, message, number = rename(from, to)
  if ok then
    return ok
  end
  return nil, from .. ': ' .. message, native.errno(number) -- names the file, as in Lua 5.1
end

function system.os.remove(...)
  local problem = too_long((...))
  if problem then
    return nil, problem, 36
  end
  return with_errno(remove(...))
end

-- For lib-lua/compat/lfs.lua.
system.files = {
  attributes = native.file_attributes,
  names = coroutines.suspending(native.file_names),
  make_directory = native.file_make_directory,
  remove_directory = native.file_remove_directory,
  touch = native.file_touch,
  link = native.file_link,
  current = native.file_current,
}

-- No command is longer: the system takes 128 KiB in one argument.
local LONGEST_COMMAND = 131071

local function is_too_long(command)
  return type(command) == 'string' and #command > LONGEST_COMMAND
end

function system.io.popen(...)
  local command = ...
  if is_too_long(command) then
    return nil, sub(command, 1, 60) .. '...: Argument list too long', 7
  end
  return native.popen(...)
end

-- Methods of what popen gives, besides those of the engine.
function system.file_methods.write(file, ...)
  for i = 1, select('#', ...) do
    local kind = type((select(i, ...)))
    if kind ~= 'string' and kind ~= 'number' then
      error("bad argument #" .. i .. " to 'write' (string expected, got " .. kind .. ')', 2)
    end
  end
  local ok, message, number = file:put(concat { ... })
  if ok then
    return file
  end
  return ok, message, number
end

function system.file_methods.lines(file, ...)
  local formats, count = { ... }, select('#', ...)
  return function()
    return file:read(unpack(formats, 1, count))
  end
end

function system.file_methods.flush(file)
  return file
end

function system.file_methods.setvbuf()
  return true
end

function system.file_methods.seek()
  return nil, 'Illegal seek', 29
end

local function is_pipe(value)
  return type(value) == 'userdata' and getmetatable(value) == runtime.pipe_metatable
end

function system.io.type(value)
  if is_pipe(value) then
    return value:is_closed() and 'closed file' or 'file'
  end
  return type_of(value)
end

-- Default input and output of the connection.
local function default(which, standard)
  return native.record()[which] or standard
end

local function select_default(which, standard, mode, file)
  if file == nil then
    return default(which, standard)
  end
  if type(file) == 'string' then
    local handle, message = system.io.open(file, mode)
    if handle == nil then
      error(message, 3)
    end
    file = handle
  end
  native.record()[which] = file
  return file
end

function system.io.input(file)
  return (select_default('input', stdin, 'r', file))
end

function system.io.output(file)
  return (select_default('output', stdout, 'w', file))
end

function system.io.read(...)
  local file = default('input', stdin)
  return file:read(...)
end

function system.io.write(...)
  local file = default('output', stdout)
  return file:write(...)
end

function system.io.close(file)
  if file == nil then
    file = default('output', stdout)
  end
  return file:close()
end

function system.io.flush()
  return default('output', stdout):flush()
end

function system.io.lines(path, ...)
  if path == nil then
    local file = default('input', stdin)
    return file:lines(...)
  end
  local problem = too_long(path)
  if problem then
    error(problem, 2)
  end
  local ok, iterator, _, _, file = pcall(lines_of, path, ...)
  if not ok then
    local why = native.open_problem()
    error(why and path .. ': ' .. why or iterator, 2)
  end
  remember(file)
  return iterator, nil, nil, file
end

system.os.execute = coroutines.suspending(function(...)
  if is_too_long((...)) then
    return nil, 'Argument list too long', 7
  end
  return native.execute(...)
end)
system.os.exit = native.exit
system.os.clock = native.clock
system.os.tmpname = native.tmpname

function system.os.getenv(name)
  if type(name) ~= 'string' and type(name) ~= 'number' then
    error("bad argument #1 to 'getenv' (string expected, got " .. (name == nil and 'no value' or type(name)) .. ')', 2)
  end
  if is_too_long(name) then
    return nil -- no variable is longer either
  end
  return native.getenv(name)
end

return system
