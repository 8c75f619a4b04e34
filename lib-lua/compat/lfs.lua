-- LuaFileSystem over the same files as io and os: what is known of files, directories, links. Also the global `lfs`.

local _, behind = ...
local files = behind.files
local type, error, tostring, tonumber, setmetatable, pairs, time = type, error, tostring, tonumber, setmetatable, pairs, os.time

local lfs = { _VERSION = 'LuaFileSystem 1.8.0 (of smtpe)' }

local function path_of(path, name)
  if type(path) ~= 'string' and type(path) ~= 'number' then
    error("bad argument #1 to '" .. name .. "' (string expected, got " .. (path == nil and 'no value' or type(path)) .. ')', 3)
  end
  return tostring(path)
end

local function attributes(path, wanted, follow)
  local facts, message, number = files.attributes(path, follow)
  if facts == nil then
    return nil, "cannot obtain information from file '" .. path .. "': " .. message, number
  elseif type(wanted) == 'string' then
    if wanted == 'target' and not follow then
      return facts.target
    elseif facts[wanted] == nil then
      error("bad argument #2 to 'attributes' (invalid attribute name '" .. wanted .. "')", 3)
    end
    return facts[wanted]
  elseif type(wanted) == 'table' then
    for name, value in pairs(facts) do
      wanted[name] = value
    end
    return wanted
  end
  return facts
end

function lfs.attributes(path, wanted)
  return attributes(path_of(path, 'attributes'), wanted, true)
end

-- Of a symbolic link itself, and `target`: what stands in it.
function lfs.symlinkattributes(path, wanted)
  return attributes(path_of(path, 'symlinkattributes'), wanted, false)
end

local directory = {}
directory.__index = directory
directory.__name = 'directory metatable'

function directory.next(self)
  if self.names == nil then
    error('closed directory', 2)
  end
  self.at = self.at + 1
  local name = self.names[self.at]
  if name == nil then
    self.names = nil
  end
  return name
end

function directory.close(self)
  self.names = nil
end
directory.__close = directory.close

-- dir(path) -> iterator, directory. It is read as a whole when it is opened.
function lfs.dir(path)
  path = path_of(path, 'dir')
  local names, message = files.names(path)
  if names == nil then
    error('cannot open ' .. path .. ': ' .. message, 2)
  end
  local dir = setmetatable({ names = names, at = 0 }, directory)
  return directory.next, dir, nil, dir
end

local function done(ok, message, number)
  if ok then
    return true
  end
  return nil, message, number
end

function lfs.mkdir(path)
  return done(files.make_directory(path_of(path, 'mkdir')))
end

function lfs.rmdir(path)
  return done(files.remove_directory(path_of(path, 'rmdir')))
end

-- Seconds that a file can have for a time.
local LATEST = 2 ^ 33

local function seconds_of(value, place)
  local seconds = tonumber(value)
  if seconds == nil then
    error('bad argument #' .. place .. " to 'touch' (number expected, got " .. type(value) .. ')', 3)
  elseif not (seconds >= 0 and seconds < LATEST) then
    error('bad argument #' .. place .. " to 'touch' (seconds since 1970 expected, got " .. tostring(seconds) .. ')', 3)
  end
  return seconds
end

function lfs.touch(path, accessed, modified)
  path = path_of(path, 'touch')
  accessed = seconds_of(accessed or time(), 2)
  return done(files.touch(path, accessed, seconds_of(modified or accessed, 3)))
end

function lfs.link(old, new, symbolic)
  return done(files.link(path_of(old, 'link'), path_of(new, 'link'), symbolic and true or false))
end

function lfs.currentdir()
  return files.current()
end

-- The directory is that of the whole process, and other policies are in it.
function lfs.chdir(path)
  path = path_of(path, 'chdir')
  return nil, "Unable to change working directory to '" .. path .. "'\nall connections share it\n"
end

function lfs.setmode(_, mode)
  if mode ~= 'binary' and mode ~= 'text' then
    error("bad argument #2 to 'setmode' (invalid option '" .. tostring(mode) .. "')", 2)
  end
  return true, 'binary'
end

local function no_locks()
  return nil, 'there are no locks of files: use the store, or os.rename'
end
lfs.lock, lfs.unlock, lfs.lock_dir = no_locks, no_locks, no_locks

if rawget(_G, 'lfs') == nil then
  rawset(_G, 'lfs', lfs)
end
return lfs
