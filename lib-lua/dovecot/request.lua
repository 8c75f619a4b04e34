-- The request that an authentication script is asked about: its fields are read through a metatable, and are no entries of the table.

local _, behind = ...
local arguments = behind.library 'dovecot.arguments'
local event = behind.library 'dovecot.event'
local text, made, state_of = arguments.text, arguments.made, arguments.state
local select, next, gmatch, match = select, next, string.gmatch, string.match

local REQUEST
local methods = {}

local function self_of(value)
  return state_of(value, REQUEST)
end

-- Of a request is known: its fields, its event, what is in front of its log lines.
REQUEST = arguments.kind('auth_request', function(request, name)
  local method = methods[name]
  if method ~= nil then
    return method
  end
  return self_of(request).fields[name]
end)

for name, level in next, { log_debug = 'debug', log_info = 'info', log_warning = 'warning', log_error = 'err' } do
  methods[name] = function(...)
    local self, message = ...
    local state = self_of(self)
    behind.dovecot_log(level, state.prefix .. 'db-lua: ' .. text(message, 1, name, select('#', ...) < 2))
  end
end

function methods.event(self)
  return event.make(self_of(self).event)
end

-- Two values: 1; 0 and why the password does not fit; -1 and what is wrong with the stored one. They are numbers, which are all true.
function methods.password_verify(self, ...)
  self_of(self)
  local stored, plain = ...
  return behind.dovecot_password_verify(text(stored, 1, 'password_verify', select('#', ...) < 1),
    text(plain, 2, 'password_verify', select('#', ...) < 2))
end

function methods.var_expand(self, ...)
  local state = self_of(self)
  return behind.dovecot_expand(text((...), 1, 'var_expand', select('#', ...) < 1), state.fields)
end

-- Words of the template as a table, each value expanded: what stands in a value makes no further word.
function methods.response_from_template(self, ...)
  local state = self_of(self)
  local response = {}
  for word in gmatch(text((...), 1, 'response_from_template', select('#', ...) < 1), '[^ ]+') do
    local key, value = match(word, '^([^=]*)=(.*)$')
    if key and key ~= '' then
      response[key] = behind.dovecot_expand(value, state.fields)
    end
  end
  return response
end

local module = {}

-- `prefix` is in front of its log lines.
function module.make(fields, prefix)
  local request = made(REQUEST, { fields = fields, prefix = prefix, event = event.make(nil, prefix) })
  request.skip_password_check = false
  request.passdbs_seen_user_unknown = false
  request.passdbs_seen_internal_failure = false
  request.userdbs_seen_internal_failure = false
  return request
end

return module
