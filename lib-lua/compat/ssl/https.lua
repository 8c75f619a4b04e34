-- LuaSec's `ssl.https` over the client of service.http. Certificates and names are always verified, whatever `verify` says; `http-ca-file` adds
-- authorities.

local http = require 'socket.http'
local url = require 'socket.url'
local type = type

local https = { PORT = 443, _VERSION = 'LuaSec 1.0 (of smtpe)' }

local function refused(address)
  local parsed = url.parse(address or '')
  if parsed and parsed.scheme and parsed.scheme:lower() ~= 'https' then
    return nil, 'https expected, got the scheme ' .. parsed.scheme
  end
end

function https.request(asked, body)
  local address = type(asked) == 'table' and asked.url or asked
  if type(address) == 'string' then
    local _, message = refused(address)
    if message then
      return nil, message
    end
  end
  if type(asked) ~= 'table' then
    return http.request(asked, body)
  end
  local copy = {}
  for name, value in pairs(asked) do
    copy[name] = value
  end
  copy.scheme, copy.create, copy.timeout = 'https', nil, asked.timeout or https.TIMEOUT
  return http.request(copy)
end

return https
