-- How much memory a connection holds: everything that can be reached from its globals, the engine's notes about it and the thread that its
-- hook runs on, and from nothing that all share. Called only when memory is nearly full: it goes through all of it.

local runtime = ...
local environment = runtime.environment
local getmetatable, getupvalue, getlocal, getinfo =
  debug.getmetatable, debug.getupvalue, debug.getlocal, debug.getinfo
local type, rawnext, math_type, huge, select, format =
  type, next, math.type, math.huge, select, string.format

-- What one value takes, roughly, without what it refers to.
local TABLE, FUNCTION, THREAD, OBJECT, STRING, ELEMENT, FIELD = 56, 40, 1000, 60, 24, 16, 40
-- Calls that are looked at in a thread; of a recursion that is deeper the rest is like these.
local DEEPEST = 1000

local size, seen, queue, queued

local function add(value)
  local kind = type(value)
  if kind == 'string' then
    if #value > 1000 then
      local address = format('%p', value) -- to use the text as a key would take long
      if seen[address] then
        return
      end
      seen[address] = true
    end
    size = size + STRING + #value
  elseif kind == 'table' or kind == 'function' or kind == 'thread' or kind == 'userdata' then
    if not seen[value] then
      seen[value] = true
      queued = queued + 1
      queue[queued] = value
    end
  end
end

local open = {}

function open.table(t)
  size = size + TABLE
  local metatable = getmetatable(t)
  if metatable and not environment.shared[metatable] then
    add(metatable)
  end
  for key, value in rawnext, t do
    if math_type(key) == 'integer' and key > 0 then
      size = size + ELEMENT
    else
      size = size + FIELD
      add(key)
    end
    add(value)
  end
end

open['function'] = function(f)
  local info = getinfo(f, 'Su')
  if info.what == 'C' then
    return
  end
  size = size + FUNCTION
  for i = 1, info.nups do
    local _, value = getupvalue(f, i)
    add(value)
  end
end

local function add_locals(thread, level, step)
  local i = step
  while true do
    local name, value = getlocal(thread, level, i)
    if name == nil then
      return
    end
    size = size + ELEMENT
    add(value)
    i = i + step
  end
end

function open.thread(thread)
  size = size + THREAD
  for level = 0, DEEPEST do
    local info = getinfo(thread, level, 'f')
    if info == nil then
      return
    end
    add(info.func)
    add_locals(thread, level, 1)
    add_locals(thread, level, -1) -- the arguments beyond those that have names
  end
end

function open.userdata(object)
  size = size + OBJECT
  local metatable = getmetatable(object)
  if metatable and not environment.shared[metatable] then
    add(metatable)
  end
end

local function go_through(most)
  while queued > 0 and size <= most do
    local value = queue[queued]
    queue[queued] = nil
    queued = queued - 1
    open[type(value)](value)
  end
end

-- Bytes that are held by `...`; counting ends when it is more than `most`.
local function measure(most, ...)
  size, seen, queue, queued = 0, {}, {}, 0
  add(runtime)
  go_through(huge)
  size = 0
  for i = 1, select('#', ...) do
    add((select(i, ...)))
  end
  go_through(most)
  seen, queue = nil, nil
  return size
end

return measure
