-- LuaSocket's `socket.http` over the client of service.http: the same protection against addresses that are not on the Internet
-- (http-allow-reserved), certificates are verified, limits count. Both forms of `request`.

local _, behind = ...
local util = behind.api 'util'
local ltn12 = require 'ltn12'
local url = require 'socket.url'
local type, error, pairs, ipairs, tostring, tonumber = type, error, pairs, ipairs, tostring, tonumber
local lower, upper, match, gmatch, gsub, find, sub = string.lower, string.upper, string.match, string.gmatch, string.gsub, string.find, string.sub
local concat = table.concat

local http = { PORT = 80, USERAGENT = 'LuaSocket 3.0 (smtpe)', SCHEMES = { http = true, https = true } }

-- What rules the connection and its length is the client's own business.
local ours = {
  ['accept-encoding'] = true, connection = true, ['content-length'] = true, expect = true, ['keep-alive'] = true, te = true,
  trailer = true, ['transfer-encoding'] = true, upgrade = true,
}

-- The words that scripts compare with.
local function known(message)
  if find(message, '^no complete response within') or find(message, '^no connection within') then
    return 'timeout'
  elseif find(message, '^no address found') then
    return 'host or service not provided, or not known'
  end
  return message
end

local function read_head(head)
  local status, headers = match(head, '^[^\r\n]*'), {}
  local code, rest = nil, sub(head, #status + 1)
  code = tonumber(match(status, '^%S+%s+(%d+)'))
  for line in gmatch(rest, '[^\r\n]+') do
    local name, value = match(line, '^([^:]-)%s*:%s*(.-)%s*$')
    if name then
      name = lower(name)
      headers[name] = headers[name] and headers[name] .. ', ' .. value or value
    end
  end
  return code, headers, status
end

-- The body that a source gives.
local function drained(source)
  local list = {}
  local ok, message = ltn12.pump.all(source, (ltn12.sink.table(list)))
  if not ok then
    return nil, message
  end
  return concat(list)
end

local function request_headers(asked, parsed)
  local headers, host = {}, parsed.host and lower(parsed.host)
  for name, value in pairs(asked.headers or {}) do
    local low = lower(name)
    if low == 'host' then
      if lower(gsub(tostring(value), ':%d+$', '')) ~= host then
        return nil, 'the header Host cannot be another than that of the URL'
      end
    elseif not ours[low] then
      headers[low] = tostring(value)
    end
  end
  headers['user-agent'] = headers['user-agent'] or http.USERAGENT
  local user, password = asked.user or parsed.user, asked.password or parsed.password
  if user and password and not headers.authorization then
    headers.authorization = 'Basic ' .. util.base64_encode(url.unescape(user) .. ':' .. url.unescape(password))
  end
  return headers
end

-- The URL of a request that names its parts.
local function url_of(asked)
  if asked.url then
    return asked.url
  end
  return url.build {
    scheme = asked.scheme or 'http', host = asked.host, port = asked.port, path = asked.path or asked.uri or '/', params = asked.params,
    query = asked.query,
  }
end

local function perform(asked)
  if asked.proxy or http.PROXY then
    return nil, 'proxies are not asked'
  elseif asked.create then
    return nil, 'create is not possible: the connection is that of service.http'
  end
  local text = url_of(asked)
  local parsed = url.parse(text, { path = '/', scheme = 'http' })
  if parsed == nil or not parsed.host then
    return nil, 'invalid host ' .. tostring(parsed and parsed.host or '')
  elseif not http.SCHEMES[lower(parsed.scheme)] then
    return nil, 'unknown scheme ' .. tostring(parsed.scheme)
  end
  local headers, message = request_headers(asked, parsed)
  if headers == nil then
    return nil, message
  end
  local body
  if asked.source then
    body, message = drained(asked.source)
    if body == nil then
      return nil, message
    end
  end
  local method = upper(asked.method or 'GET')
  local follows = asked.redirect ~= false and (method == 'GET' or method == 'HEAD')
  parsed.user, parsed.password, parsed.userinfo, parsed.fragment, parsed.authority = nil, nil, nil, nil, nil
  local most = asked.maxredirects or 5
  local code, head, content = behind.http_request {
    url = url.build(parsed), method = method, headers = headers, body = body, timeout = asked.timeout or http.TIMEOUT,
    redirects = follows and (most > 10 and 10 or most) or 0,
  }
  if code == nil then
    return nil, known(head)
  end
  local number, fields, status = read_head(head)
  fields['content-encoding'] = nil -- it is undone
  return content, number or code, fields, status
end

local function generic(asked)
  local content, code, headers, status = perform(asked)
  if content == nil then
    return nil, code
  elseif asked.sink then
    local ok, message = ltn12.pump.all(ltn12.source.string(content), asked.sink, asked.step)
    if not ok then
      return nil, message
    end
  end
  return 1, code, headers, status
end

-- request(url[, body]) -> body, code, headers, status line; request { url =, sink =, ... } -> 1, code, headers, status line; or nil, error.
function http.request(asked, body)
  if type(asked) == 'string' then
    local simple = { url = asked }
    if body then
      simple.method, simple.source = 'POST', ltn12.source.string(tostring(body))
      simple.headers = { ['content-type'] = 'application/x-www-form-urlencoded' }
    end
    return perform(simple)
  elseif type(asked) ~= 'table' then
    error("bad argument #1 to 'request' (string or table expected, got " .. type(asked) .. ')', 2)
  end
  return generic(asked)
end

function http.genericform(address)
  return { url = address, sink = (ltn12.sink.table {}) }
end

return http
