-- The globals of a connection. A node describes a shared table (the globals, a library, a table of constants): `plain` has its
-- functions and values, `nested` the nodes of the tables in it, `lazy` the readers of fields that are made when first read; in a
-- `closed` one (constants) what is not there raises an error. A
-- connection gets a copy of a node: an empty table whose metatable leads to the node. What a policy assigns stays in its copy.

local runtime = ...
local native = runtime.native
local rawget, rawset, rawnext, type, error = rawget, rawset, next, type, error
local sub = string.sub
local rawsetmetatable, rawgetmetatable = setmetatable, debug.getmetatable

local shared = {}        -- metatables that no policy may see -> their node
local child_of           -- function(node, name): the connection's copy of a nested node

local environment = { shared = shared }

-- The connection's copy of a node, made by way of its parent so that both agree.
local function copy_of(node)
  local copy = native.record()[node]
  if copy == nil then
    return child_of(node.parent, node.name)
  end
  return copy
end
environment.copy_of = copy_of

function child_of(parent, name)
  local child = parent.nested[name]
  local record = native.record()
  local copy = record[child]
  if copy == nil then
    copy = rawsetmetatable({}, child.metatable)
    record[child] = copy
    rawset(copy_of(parent), name, copy)
    if child.made then
      child.made(copy)
    end
  end
  return copy
end

-- What `name` means in a node beyond its plain values: a copy of a nested table, or a lazy field.
local function find(node, name)
  local child = node.nested[name]
  if child then
    if native.record()[child] then
      return nil -- was handed out before and is not in its place any more: the policy removed it
    end
    return child_of(node, name)
  end
  local reader = node.lazy[name]
  if reader then
    local value = reader()
    rawset(copy_of(node), name, value)
    return value
  end
end

-- Makes a copy complete: every field is its own, only lazy fields are still looked up.
local function complete(copy, node)
  for name, value in rawnext, node.plain do
    if rawget(copy, name) == nil then
      rawset(copy, name, value)
    end
  end
  for name, child in rawnext, node.nested do
    if native.record()[child] == nil then
      child_of(node, name)
    end
  end
  rawsetmetatable(copy, node.lazy_metatable)
  if node.changed then
    node.changed(copy)
  end
end
environment.complete = complete

-- The node of a copy that is not complete yet; nil for any other table.
local function node_of(t)
  local metatable = rawgetmetatable(t)
  return metatable and shared[metatable] or nil
end
environment.node_of = node_of

local function assign(copy, name, value)
  local node = node_of(copy)
  if value ~= nil then
    rawset(copy, name, value)
    if node.changed then
      node.changed(copy)
    end
  elseif rawget(node.plain, name) ~= nil or not node.closed and (node.plain[name] ~= nil or node.nested[name]) then
    complete(copy, node)
    rawset(copy, name, nil)
  end
end

local function iterate(copy)
  complete(copy, node_of(copy))
  return rawnext, copy, nil
end

-- How a closed node is read where nothing is.
local function missing(node)
  return function(_, key)
    local what = type(key) == 'string' and sub(key, 1, 60) or 'field of type ' .. type(key)
    error(node.parent.name .. '.' .. node.name .. ' has no ' .. what, 2)
  end
end

-- Makes a node of { plain =, nested =, lazy =, closed = }, all of which may be missing; a closed one has a parent.
function environment.node(name, description)
  local node = {
    name = name,
    plain = description.plain or {},
    nested = {},
    lazy = description.lazy or {},
    closed = description.closed,
  }
  for child_name, child in rawnext, description.nested or {} do
    local child_node = environment.node(child_name, child)
    child_node.parent = node
    node.nested[child_name] = child_node
  end
  local closed = node.closed and missing(node)
  rawsetmetatable(node.plain, { __index = closed or function(_, key) return find(node, key) end })
  node.metatable = { __index = node.plain, __newindex = assign, __pairs = iterate }
  shared[node.metatable] = node
  if closed or rawnext(node.lazy) ~= nil then
    node.lazy_metatable = {
      __index = closed or function(_, key) return node.lazy[key] and find(node, key) end,
    }
    shared[node.lazy_metatable] = { plain = {}, nested = {}, lazy = node.lazy, lazy_metatable = node.lazy_metatable }
  end
  return node
end

-- Adds a nested node (a library) to a node.
function environment.add(parent, name, description)
  local node = environment.node(name, description)
  node.parent = parent
  parent.nested[name] = node
  return node
end

-- Functions of the base library that would show the machinery.

local base = {}
environment.base = base

function base.getmetatable(value)
  if type(value) == 'string' then
    return environment.string_metatable()
  end
  local metatable = rawgetmetatable(value)
  if metatable == nil or shared[metatable] then
    return nil
  end
  local field = rawget(metatable, '__metatable')
  if field ~= nil then
    return field
  end
  return metatable
end

local checked_setmetatable = setmetatable

-- Finalizers run where no limit can reach them, for whoever happens to be running, and tables had none in Lua 5.1: no value of a policy
-- ever gets one. Lua looks for __gc when a metatable is set, and not what it is (false counts too: the function may come later), and never
-- again, so it is hidden meanwhile.
function environment.without_finalizer(metatable, set, ...)
  local finalizer = nil
  if type(metatable) == 'table' then
    finalizer = rawget(metatable, '__gc')
  end
  if finalizer == nil then
    return set(...)
  end
  rawset(metatable, '__gc', nil)
  local result = set(...)
  rawset(metatable, '__gc', finalizer)
  return result
end

local function not_greater(a, b)
  return not (b < a) -- luacheck: ignore 581 (NaN)
end

function base.setmetatable(t, metatable)
  if rawgetmetatable(t) == nil and type(metatable) == 'table' and rawget(metatable, '__gc') == nil
    and (rawget(metatable, '__lt') == nil or rawget(metatable, '__le') ~= nil) then
    return checked_setmetatable(t, metatable) -- nearly always
  elseif type(t) ~= 'table' then
    return checked_setmetatable(t, metatable) -- which refuses it
  end
  local node = node_of(t)
  if node then
    complete(t, node)
  end
  local present = rawgetmetatable(t)
  if present and rawget(present, '__metatable') ~= nil then
    return checked_setmetatable(t, metatable) -- the same
  end
  if type(metatable) == 'table' and rawget(metatable, '__lt') ~= nil and rawget(metatable, '__le') == nil then
    rawset(metatable, '__le', not_greater) -- as in Lua 5.1
  end
  local result = environment.without_finalizer(metatable, checked_setmetatable, t, metatable)
  return result
end

function base.rawget(t, key)
  local value = rawget(t, key)
  if value == nil then
    local node = node_of(t)
    if node then
      value = rawget(node.plain, key)
      if value == nil and node.nested[key] then
        value = find(node, key)
      end
    end
  end
  return value
end

function base.next(t, key)
  if key == nil and type(t) == 'table' then
    local node = node_of(t)
    if node and node.metatable == rawgetmetatable(t) then
      complete(t, node)
    end
  end
  return rawnext(t, key)
end

-- Strings: `("x"):trim()` finds what the connection added to its `string`, and getmetatable('') is the connection's own.

local string_metatable = rawgetmetatable('')

function environment.string_metatable()
  local record = native.record()
  local own = record.strings
  if own == nil then
    own = {}
    for name, value in rawnext, string_metatable do
      own[name] = value
    end
    own.__index = copy_of(environment.root.nested.string)
    record.strings = own
    native.use_strings(own)
  end
  return own
end

return environment
