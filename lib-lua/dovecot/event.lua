-- Events: log lines with a prefix, a name and fields, which a child has from its parent.

local _, behind = ...
local arguments = require 'dovecot.arguments'
local count, text, integer, object, made = arguments.count, arguments.text, arguments.integer, arguments.object, arguments.made
local select, setmetatable, next, ipairs, type = select, setmetatable, next, ipairs, type

local WHAT = 'struct event'

-- What is known of an event, by the event: prefix, name, fields, parent; of a passthrough event `position`.
local known = setmetatable({}, { __mode = 'k' })

local methods, passthrough_methods = {}, {}
local event_metatable = { __name = WHAT, __index = methods }
local passthrough_metatable = { __name = WHAT, __index = passthrough_methods }

local function make(parent, prefix)
  local event = made(event_metatable)
  known[event] = { parent = parent and known[parent], prefix = prefix or '', fields = {} }
  return event
end

local function self_of(value)
  return known[object(value, WHAT, event_metatable, passthrough_metatable)]
end

-- The text in front of a message: those of the parents first, unless one replaces them.
local function prefix_of(state)
  local prefix = ''
  while state do
    prefix = state.prefix .. prefix
    if state.replaces then
      break
    end
    state = state.parent
  end
  return prefix
end

local function fields_of(state, fields)
  if state.parent then
    fields_of(state.parent, fields)
  end
  for key, value in next, state.fields do
    fields[key] = value
  end
  fields.event = state.name or fields.event
  return fields
end

-- A method that gives the event again, with so many arguments of these kinds behind it: `text` or `integer`.
local function define(name, kinds, work)
  local first, second = kinds[1], kinds[2]
  local function method(...)
    count(select('#', ...), #kinds + 1)
    local self, a, b = ...
    local state = self_of(self)
    if first then
      a = first(a, 1, name)
    end
    if second then
      b = second(b, 2, name)
    end
    work(state, a, b)
    return self
  end
  methods[name], passthrough_methods[name] = method, method
end

define('append_log_prefix', { text }, function(state, prefix)
  state.prefix = state.prefix .. prefix
end)
define('replace_log_prefix', { text }, function(state, prefix)
  state.prefix, state.replaces = prefix, true
end)
define('set_name', { text }, function(state, name)
  state.name = name
end)

local function set_field(state, key, value)
  state.fields[key] = value
end
define('add_str', { text, text }, set_field)
define('add_int', { text, integer }, set_field)
define('add_timeval', { text, integer }, set_field)
define('inc_int', { text, integer }, function(state, key, difference)
  local present = state.fields[key]
  state.fields[key] = (type(present) == 'number' and present or 0) + difference
end)
for _, name in ipairs { 'set_always_log_source', 'set_forced_debug', 'unset_forced_debug' } do
  define(name, {}, function() end)
end

for name, level in next, { log_debug = 'debug', log_info = 'info', log_warning = 'warning', log_error = 'err' } do
  define(name, { text }, function(state, message)
    if state.is_passthrough then
      behind.dovecot_passthrough(false)
    end
    behind.dovecot_log(level, prefix_of(state) .. message, fields_of(state, {}))
  end)
end

function methods.passthrough_event(...)
  count(select('#', ...), 1)
  local parent = self_of((...))
  local event = made(passthrough_metatable)
  known[event] = { parent = parent, prefix = '', fields = {}, is_passthrough = true }
  behind.dovecot_passthrough(true)
  return event
end

local module = { make = make }

-- dovecot.event([parent])
function module.new(base)
  return function(...)
    count(select('#', ...), 0, 1)
    local parent = ...
    if select('#', ...) == 1 then
      object(parent, WHAT, event_metatable, passthrough_metatable)
    end
    return make(parent or base)
  end
end

return module
