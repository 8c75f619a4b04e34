-- dovecot.http: clients, requests and responses. Submitting waits; a failure of the network is a response with a status from 9000.

local _, behind = ...
local arguments = behind.library 'dovecot.arguments'
local count, text, made, state_of = arguments.count, arguments.text, arguments.made, arguments.state
local select, next, ipairs, type, error, tostring =
  select, next, ipairs, type, error, tostring
local tonumber, remove = tonumber, table.remove
local find, gsub, lower, match, math_type = string.find, string.gsub, string.lower, string.match, math.type

local responses, requests, clients = {}, {}, {}
local CLIENT = arguments.kind('struct http_client', clients)
local REQUEST = arguments.kind('struct http_client_request', requests)
local RESPONSE = arguments.kind('struct dlua_http_response', responses)

-- Settings of both generations, by the kind of value.
local numbers = {
  request_timeout_msecs = true, request_absolute_timeout_msecs = true, connect_timeout_msecs = true,
  soft_connect_timeout_msecs = true, connect_backoff_time_msecs = true, connect_backoff_max_time_msecs = true,
  max_attempts = true, max_connect_attempts = true, max_redirects = true, max_auto_retry_delay_secs = true,
  max_idle_time_msecs = true, request_max_attempts = true, request_max_redirects = true,
}
local booleans = { no_auto_redirect = true, no_auto_retry = true, auto_redirect = true, auto_retry = true, debug = true }
local texts = { proxy_url = true, user_agent = true, rawlog_dir = true, ssl_client_ca_file = true, ssl_min_protocol = true }
local times = {
  request_timeout = true, request_absolute_timeout = true, connect_timeout = true, soft_connect_timeout = true,
  connect_backoff_time = true, connect_backoff_max_time = true, max_auto_retry_delay = true, max_idle_time = true,
}
local others = { event_parent = true, ssl_client_require_valid_cert = true }
-- Settings of Dovecot that mean nothing here; who has them is told.
local without_effect = {
  ssl_client_require_valid_cert = 'certificates are always verified; ssl_client_ca_file, or option http-ca-file, names more authorities',
  ssl_min_protocol = 'TLS 1.2 is the least',
  rawlog_dir = 'what goes over the wire is written nowhere',
}
local units = { ms = 1, msecs = 1, s = 1000, secs = 1000, sec = 1000, m = 60000, min = 60000, mins = 60000, h = 3600000, hours = 3600000 }

local function invalid(name, what)
  error('Invalid HTTP client setting: ' .. name .. what, 0)
end

local function time_of(name, value)
  if type(value) == 'number' then
    return value
  end
  local number, unit = match(tostring(value), '^(%d+)%s*(%a+)$')
  if not number or not units[unit] then
    invalid(name, ': a number with a unit expected')
  end
  return tonumber(number) * units[unit]
end

local function read_settings(given)
  local settings, unknown = {}, {}
  for name, value in next, given do
    if numbers[name] then
      if type(value) ~= 'number' or value < 0 or value > 4294967295 or math_type(value) == 'float' and value ~= value // 1 then
        invalid(name, ': non-negative number expected')
      end
    elseif booleans[name] then
      if type(value) ~= 'boolean' then
        invalid(name, ': boolean expected')
      end
    elseif texts[name] then
      if type(value) ~= 'string' then
        invalid(name, ': string expected')
      end
    elseif times[name] then
      value = time_of(name, value)
    elseif not others[name] then
      unknown[#unknown + 1] = tostring(name)
    end
    settings[name] = value
  end
  if settings.proxy_url then
    local problem = behind.dovecot_url_problem(settings.proxy_url)
    if problem then
      invalid('proxy_url', ' is invalid: ' .. problem)
    end
    -- Going past a proxy that somebody wants would be worse.
    invalid('proxy_url', ' is not supported')
  end
  for name, why in next, without_effect do
    if settings[name] ~= nil and not (name == 'ssl_client_require_valid_cert' and settings[name] == true) then
      behind.dovecot_warn('dovecot.http.client: setting ' .. name .. ' has no effect: ' .. why)
    end
  end
  for _, name in ipairs(unknown) do
    behind.dovecot_warn('dovecot.http.client: setting ' .. name .. ' is unknown, and has no effect')
  end
  return settings
end

for name, field in next, { status = 'status', reason = 'reason', payload = 'payload' } do
  responses[name] = function(...)
    count(select('#', ...), 1)
    return state_of((...), RESPONSE)[field]
  end
end

function responses.header(...)
  count(select('#', ...), 2)
  local self, name = ...
  local state = state_of(self, RESPONSE)
  return state.headers[lower(text(name, 1, 'header'))] or ''
end

local TOKEN = "^[%w!#$%%&'*+%-.^_`|~]+$"

local function place_of(state, name)
  for place, header in ipairs(state.headers) do
    if lower(header.name) == lower(name) then
      return place
    end
  end
end

function requests.add_header(...)
  count(select('#', ...), 3)
  local self, name, value = ...
  local state = state_of(self, REQUEST)
  name, value = text(name, 1, 'add_header'), text(value, 2, 'add_header')
  if not find(name, TOKEN) then
    error('header name must be a token', 0)
  elseif find(value, '[\r\n%z]') then
    error('header value must not contain CR, LF or NUL', 0)
  end
  local place = place_of(state, name)
  state.headers[place or #state.headers + 1] = { name = name, value = value }
end

function requests.remove_header(...)
  count(select('#', ...), 2)
  local self, name = ...
  local state = state_of(self, REQUEST)
  local place = place_of(state, text(name, 1, 'remove_header'))
  if place then
    remove(state.headers, place)
  end
end

function requests.set_payload(...)
  count(select('#', ...), 2, 3)
  local self, payload = ...
  state_of(self, REQUEST).payload = text(payload, 1, 'set_payload')
end

function requests.set_event(...)
  count(select('#', ...), 2)
  local self, event = ...
  state_of(self, REQUEST).event = event
end

function requests.get_event(...)
  count(select('#', ...), 1)
  return state_of((...), REQUEST).event
end

function requests.submit(...)
  count(select('#', ...), 1)
  local state = state_of((...), REQUEST)
  if state.submitted then
    error('the request was submitted before', 0)
  end
  state.submitted = true
  local status, reason, payload, headers =
    behind.dovecot_http(state.url, state.method, state.headers, state.payload, state.settings)
  return made(RESPONSE, { status = status, reason = reason, payload = payload, headers = headers })
end

function clients.request(...)
  count(select('#', ...), 2)
  local self, given = ...
  local client = state_of(self, CLIENT)
  arguments.table(given, 1, 'request')
  if given.url == nil then
    error('cannot create request: url not specified', 0)
  end
  local url = text(given.url, 1, 'request')
  local problem = behind.dovecot_url_problem(url)
  if problem then
    -- Errors are logged: what stands in front of the host is not, a slash in it or none.
    error('Failed to parse url ' .. gsub(url, '//.*@', '//***@') .. ': ' .. problem, 0)
  end
  local method = given.method == nil and 'GET' or text(given.method, 1, 'request')
  if not find(method, TOKEN) then
    error('method must be a token', 0)
  end
  return made(REQUEST, { url = url, method = method, headers = {}, settings = client.settings })
end

local http = {}

function http.client(...)
  count(select('#', ...), 1)
  local given = ...
  if type(given) ~= 'table' then
    error("bad argument #1 to '?' (table expected, got " .. type(given) .. ')', 0)
  end
  return made(CLIENT, { settings = read_settings(given) })
end

return http
