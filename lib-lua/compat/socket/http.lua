-- LuaSocket's `socket.http` over the client of service.http: the same protection against addresses that are not on the Internet
-- (http-allow-reserved), certificates are verified, limits count. Both forms of `request`.

local _, behind = ...
local util = behind.api 'util'
local ltn12 = require 'ltn12'
local url = require 'socket.url'
local type, error, pairs, tostring, tonumber, pcall = type, error, pairs, tostring, tonumber, pcall
local lower, upper, match, gmatch, gsub, find, sub = string.lower, string.upper, string.match, string.gmatch, string.gsub, string.find, string.sub
local concat = table.concat

local http = { PORT = 80, USERAGENT = 'LuaSocket 3.0 (smtpe)', SCHEMES = { http = true, https = true } }

-- What rules the connection and its length is the client's own business.
local ours = {
  ['accept-encoding'] = true, connection = true, ['content-length'] = true, expect = true, ['keep-alive'] = true, te = true,
  trailer = true, ['transfer-encoding'] = true, upgrade = true,
}

-- An error of the request as the script has made it: where we have made it says nothing.
local function plain(message)
  message = gsub(tostring(message), '^%S-:%d+: ', '')
  return match(message, '%((.*), got table%)$') or message
end

-- The words that scripts compare with.
local function known(message)
  if find(message, '^no complete response within') or find(message, '^no connection within') then
    return 'timeout'
  elseif find(message, '^no address found') then
    return 'host or service not provided, or not known'
  end
  return message
end

-- Without blanks at its end; from the first octet that is none. The head is a stranger's: no pattern here may look at a blank more than once.
local function trimmed(text)
  return match(text, '^.*[^ \t]') or ''
end

local function read_head(head)
  local status, headers = match(head, '^[^\r\n]*'), {}
  local code, rest = tonumber(match(status, '^%S+%s+(%d+)')), sub(head, #status + 1)
  for line in gmatch(rest, '[^\r\n]+') do
    local colon = find(line, ':', 1, true)
    if colon then
      local name, value = lower(trimmed(sub(line, 1, colon - 1))), trimmed(sub(line, find(line, '[^ \t]', colon + 1) or #line + 1))
      headers[name] = headers[name] and headers[name] .. ', ' .. value or value
    end
  end
  return code, headers, status
end

-- Octets of a body: more are no string of Lua.
local MOST_BODY = 25000000

-- The body that a source gives.
local function drained(source)
  if type(source) ~= 'function' then
    return nil, 'source: function expected, got ' .. type(source)
  end
  local list, size = {}, 0
  local ok, message = ltn12.pump.all(source, function(chunk)
    if chunk == nil then
      return 1
    elseif type(chunk) ~= 'string' then
      return nil, 'source: strings expected from it, got ' .. type(chunk)
    end
    size = size + #chunk
    if size > MOST_BODY then
      return nil, 'source: it gives more than ' .. MOST_BODY .. ' octets'
    end
    list[#list + 1] = chunk
    return 1
  end)
  if not ok then
    return nil, message
  end
  return concat(list)
end

-- What a request may be made of; an error says which part is none.
local parts = {
  url = 'string', method = 'string', headers = 'table', user = 'string', password = 'string', host = 'string', path = 'string', uri = 'string',
  params = 'string', query = 'string', scheme = 'string', sink = 'function', step = 'function', timeout = 'number', maxredirects = 'number',
}

local function checked(asked)
  for name, kind in pairs(parts) do
    local value = asked[name]
    if value ~= nil and type(value) ~= kind and not (kind == 'string' and type(value) == 'number') then
      return name .. ': ' .. kind .. ' expected, got ' .. type(value)
    end
  end
end

local function request_headers(asked, parsed)
  local headers, host = {}, parsed.host and lower(parsed.host)
  for name, value in pairs(asked.headers or {}) do
    if type(name) ~= 'string' then
      return nil, 'headers: names expected as keys, got ' .. type(name)
    elseif type(value) ~= 'string' and type(value) ~= 'number' then
      return nil, 'headers: string expected as ' .. sub(name, 1, 60) .. ', got ' .. type(value)
    end
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
    return tostring(asked.url)
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
  local wrong = checked(asked)
  if wrong then
    return nil, wrong
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
  local method = upper(tostring(asked.method or 'GET'))
  local follows = asked.redirect ~= false and (method == 'GET' or method == 'HEAD')
  parsed.user, parsed.password, parsed.userinfo, parsed.fragment, parsed.authority = nil, nil, nil, nil, nil
  local most = asked.maxredirects or 5
  -- What is wrong with the text of a header or a method, which may be a stranger's, is an answer as any other failure is.
  local ok, code, head, content = pcall(behind.http_request, {
    url = url.build(parsed), method = method, headers = headers, body = body, timeout = asked.timeout or http.TIMEOUT,
    redirects = follows and (most > 10 and 10 or most) or 0,
  })
  if not ok then
    return nil, plain(code)
  elseif code == nil then
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
