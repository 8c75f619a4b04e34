-- The request that an authentication script is asked about: its fields are read through a metatable, and are no entries of the table.

local _, behind = ...
local arguments = behind.library 'dovecot.arguments'
local event = behind.library 'dovecot.event'
local text, made, state_of = arguments.text, arguments.made, arguments.state
local select, next, ipairs, type, error, gmatch, match, find =
  select, next, ipairs, type, error, string.gmatch, string.match, string.find

local REQUEST
local methods = {}

local function self_of(value)
  return state_of(value, REQUEST)
end

-- What a request is made of, in the order of request-fields.ts: the names that each goes by.
local PASSDB = 13 -- and userdb behind it
local places = {}
for place, names in ipairs {
  'user', 'orig_user original_user auth_user', 'password', 'mech mechanism', 'rip remote_ip', 'real_rip real_remote_ip',
  'rport remote_port real_rport real_remote_port', 'lip local_ip real_lip real_local_ip',
  'lport local_port real_lport real_local_port', 'local_name', 'secured', 'session', 'passdb', 'userdb',
} do
  for name in gmatch(names, '%S+') do
    places[name] = place
  end
end

local fixed = { service = 'smtp', protocol = 'smtp', cert = '', pid = '0' }

local function username(user)
  return match(user, '^[^@]*')
end

-- Behind the first `@`.
local function domain(user)
  return match(user, '@(.*)$')
end

local function domain_first(user)
  local whole = domain(user)
  return whole and username(whole)
end

local function domain_last(user)
  return match(user, '.*@(.*)$')
end

-- Parts of a name: the place of that, and how it is cut.
local parts = {
  username = { 1, username }, domain = { 1, domain }, domain_first = { 1, domain_first }, domain_last = { 1, domain_last },
}
for _, name in ipairs { 'orig', 'original', 'auth' } do
  parts[name .. '_username'], parts[name .. '_domain'] = { 2, username }, { 2, domain }
end

local function field(facts, name)
  if type(name) ~= 'string' then
    return nil
  end
  local place = places[name]
  if place then
    local value = facts[place]
    if value == nil and place >= PASSDB then
      value = {}
      facts[place] = value
    end
    return value
  end
  local given = facts[name]
  if given ~= nil then
    return given
  end
  local part = parts[name]
  if part then
    local whole = facts[part[1]]
    return whole and part[2](whole)
  end
  return fixed[name]
end

-- All fields, for templates.
local function all(state)
  if not state.all then
    state.all = {}
    for _, names in ipairs { places, parts, fixed, state.facts } do
      for name in next, names do
        if type(name) == 'string' then
          state.all[name] = field(state.facts, name)
        end
      end
    end
  end
  return state.all
end

-- The template with its variables replaced.
local function expanded(template, state)
  if find(template, '%', 1, true) then
    local result, problem = behind.dovecot_expand(template, all(state))
    return result or error(problem, 0)
  end
  return template
end

-- The event that those of a script are below.
local function event_of(state)
  state.event = state.event or event.make(nil, state.prefix)
  return state.event
end

-- Of a request is known: what it is made of, what is in front of its log lines; its event, and all its fields, once somebody has asked.
REQUEST = arguments.kind('auth_request', function(request, name)
  local method = methods[name]
  if method ~= nil then
    return method
  end
  return field(self_of(request).facts, name)
end)

for name, level in next, { log_debug = 'debug', log_info = 'info', log_warning = 'warning', log_error = 'err' } do
  methods[name] = function(...)
    local self, message = ...
    local state = self_of(self)
    behind.dovecot_log(level, state.prefix .. 'db-lua: ' .. text(message, 1, name, select('#', ...) < 2))
  end
end

function methods.event(self)
  return event.make(event_of(self_of(self)))
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
  return expanded(text((...), 1, 'var_expand', select('#', ...) < 1), state)
end

-- Words of the template as a table, each value expanded: what stands in a value makes no further word.
function methods.response_from_template(self, ...)
  local state = self_of(self)
  local response = {}
  for word in gmatch(text((...), 1, 'response_from_template', select('#', ...) < 1), '[^ ]+') do
    local key, value = match(word, '^([^=]*)=(.*)$')
    if key and key ~= '' then
      response[key] = expanded(value, state)
    end
  end
  return response
end

local module = {}

-- `prefix` is in front of its log lines.
function module.make(facts, prefix)
  local request = made(REQUEST, { facts = facts, prefix = prefix })
  request.skip_password_check = false
  request.passdbs_seen_user_unknown = false
  request.passdbs_seen_internal_failure = false
  request.userdbs_seen_internal_failure = false
  return request
end

-- One made of fields by name, whichever of its names each goes by; those that no request has are fields too.
function module.of(fields, prefix)
  local facts = {}
  for name, value in next, fields do
    facts[places[name] or name] = value
  end
  facts[2] = facts[2] or facts[1]
  return module.make(facts, prefix)
end

return module
