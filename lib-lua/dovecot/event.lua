-- Events: log lines with a prefix, a name and fields, which a child has from its parent.

local _, behind = ...
local arguments = behind.library 'dovecot.arguments'
local count, text, integer, made, state_of =
  arguments.count, arguments.text, arguments.integer, arguments.made, arguments.state
local select, next, ipairs, type = select, next, ipairs, type

local methods, passthrough_methods = {}, {}
local EVENT = arguments.kind('struct event', methods)
local PASSTHROUGH = arguments.kind('struct event', passthrough_methods)

-- `parent`: an event. Of each is known: prefix, name, fields, parent.
local function make(parent, prefix)
  return made(EVENT, { parent = parent and state_of(parent, EVENT, PASSTHROUGH), prefix = prefix or '', fields = {} })
end

local function self_of(value)
  return state_of(value, EVENT, PASSTHROUGH)
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
  behind.dovecot_passthrough(true)
  return made(PASSTHROUGH, { parent = parent, prefix = '', fields = {}, is_passthrough = true })
end

local module = { make = make }

-- dovecot.event([parent])
function module.new(base)
  return function(...)
    count(select('#', ...), 0, 1)
    local parent = ...
    if select('#', ...) == 1 then
      self_of(parent)
    end
    return make(parent or base)
  end
end

return module
