-- How much memory a connection holds: everything that can be reached from its globals, the engine's notes about it and the thread that its
-- hook runs on, and from nothing that all share. Called only when memory is nearly full: it goes through all of it, in portions.

local runtime = ...
local environment = runtime.environment
local getmetatable, getupvalue, getlocal, getinfo =
  debug.getmetatable, debug.getupvalue, debug.getlocal, debug.getinfo
local type, rawnext, math_type, huge, select, format, pcall, collectgarbage =
  type, next, math.type, math.huge, select, string.format, pcall, collectgarbage

-- What one value takes, roughly, without what it refers to.
local TABLE, FUNCTION, THREAD, CALL, OBJECT, STRING, ELEMENT, FIELD = 56, 40, 1000, 150, 60, 24, 16, 40
-- Fields that are looked at before the time is looked at again.
local FIELDS = 100
-- Calls that are looked at in a thread; of a recursion that is deeper the rest is like these.
local DEEPEST = 1000

-- size: counted so far; seen: what was counted; queue: what is still to be looked into; table, key: how far in a table.
local size, seen, queue, queued, present, key

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
  present, key = t, nil
end

-- Goes on with the fields of a table, at most `count` of them.
local function fields(count)
  local t, k, value = present, key
  for _ = 1, count do
    k, value = rawnext(t, k)
    if k == nil then
      present, key = nil, nil
      return
    end
    if math_type(k) == 'integer' and k > 0 then
      size = size + ELEMENT
    else
      size = size + FIELD
      add(k)
    end
    add(value)
  end
  key = k
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
  local depth = DEEPEST
  while getinfo(thread, depth, 'l') do
    size = size + depth * CALL
    depth = depth * 2
  end
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

local function forget()
  seen, queue, present, key = nil, nil, nil, nil
end

-- Looks into at most `count` values or fields; true when there is nothing left, or it is more than `most`.
local function go_through(count, most)
  for _ = 1, count do
    if present then
      -- A table that was changed meanwhile cannot always be gone through any more.
      if not pcall(fields, FIELDS) then
        present, key = nil, nil
      end
    elseif queued == 0 then
      return true
    else
      local value = queue[queued]
      queue[queued] = nil
      queued = queued - 1
      open[type(value)](value)
    end
    if size > most then
      return true
    end
  end
  return false
end

local measure = {}

-- Begins to count the bytes that are held by `...`.
function measure.begin(...)
  size, seen, queue, queued, present, key = 0, {}, {}, 0, nil, nil
  add(runtime)
  while not go_through(1000, huge) do end
  size = 0
  for i = 1, select('#', ...) do
    add((select(i, ...)))
  end
end

-- Goes on; gives the bytes when all is counted, or when it is more than `most`; nil when there is more to do.
function measure.go_on(most)
  if go_through(200, most) then
    forget()
    return size
  end
end

-- A step of a collection of memory; true when it was the last one.
function measure.collect()
  return collectgarbage('step', 200)
end

return measure
