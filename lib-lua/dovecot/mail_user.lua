-- The user whose mail it is.

local _, behind = ...
local arguments = behind.library 'dovecot.arguments'
local objects = behind.library 'dovecot.objects'
local count = arguments.count
local select, error, find, rawget, setmetatable = select, error, string.find, rawget, setmetatable
local mailbox

local methods = {}
local USER = arguments.kind('struct mail_user', methods)

local function self_of(value)
  return objects.state(value, USER)
end

function methods.plugin_getenv(...)
  count(select('#', ...), 2)
  local self, key = ...
  self_of(self)
  return behind.dovecot_plugin(objects.text(key, 2))
end

function methods.var_expand(...)
  count(select('#', ...), 2)
  local self, template = ...
  local state = self_of(self)
  template = objects.text(template, 2)
  -- They are many, and most scripts have no templates.
  state.variables = state.variables or behind.dovecot_user_variables()
  local text, problem = behind.dovecot_expand(template, state.variables)
  return text or error(problem, 0)
end

function methods.mailbox(...)
  local n = select('#', ...)
  count(n, 2, 3)
  local self, name, flags = ...
  self_of(self)
  name = objects.text(name, 2)
  flags = n == 3 and objects.integer(flags, 3) or 0
  mailbox = mailbox or behind.library 'dovecot.mailbox'
  return mailbox(name, flags)
end

-- Those of metadata are there as soon as one of them is asked for.
setmetatable(methods, {
  __index = function(_, name)
    if not find(name, '^metadata_') then
      return nil
    end
    setmetatable(methods, nil)
    behind.library 'dovecot.metadata'(methods, function(self)
      self_of(self)
      return nil
    end, {
      -- The words are those of Dovecot.
      set = '', unset = '', nuls = 'Cannot get attribute: ',
    })
    return rawget(methods, name)
  end,
})

local function names(a, b)
  return self_of(a).name, self_of(b).name
end

local events = {
  __tostring = function(self) return self_of(self).name end,
  __eq = function(a, b)
    local one, other = objects.known(a, USER), objects.known(b, USER)
    return one ~= nil and other ~= nil and one.name == other.name
  end,
  __lt = function(a, b)
    local one, other = names(a, b)
    return one < other
  end,
  __le = function(a, b)
    local one, other = names(a, b)
    return one <= other
  end,
}

-- `fields` as scripts see them.
return function(fields)
  return objects.made(USER, { name = fields.username }, fields, events)
end
