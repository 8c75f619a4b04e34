-- LuaSocket's `socket.url` (RFC 3986): taking URLs apart, putting them together, relative ones.

local url = { _VERSION = 'URL 1.0.3' }
local sub, gsub, find, match, format, byte, char, gmatch = string.sub, string.gsub, string.find, string.match, string.format, string.byte, string.char, string.gmatch
local concat, pairs, ipairs, tonumber, type = table.concat, pairs, ipairs, tonumber, type

local function hex(c)
  return format('%%%02x', byte(c))
end

local function upper_hex(c)
  return format('%%%02X', byte(c))
end

function url.escape(s)
  return (gsub(s, '([^A-Za-z0-9_])', hex))
end

function url.unescape(s)
  return (gsub(s, '%%(%x%x)', function(digits) return char(tonumber(digits, 16)) end))
end

-- What may stand in a segment of a path beside letters and digits.
local function protect(s)
  return (gsub(s, "([^A-Za-z0-9_%-%.!~*'():@&=+$,])", upper_hex))
end

-- Without `.` and `..`.
local function without_dots(path)
  if #path == 0 then
    return ''
  end
  local absolute = sub(path, 1, 1) == '/'
  local list = {}
  local ends_in_dot = false
  for segment in gmatch((absolute and sub(path, 2) or path) .. '/', '([^/]*)/') do
    list[#list + 1] = segment
  end
  local out = {}
  for i, segment in ipairs(list) do
    ends_in_dot = false
    if segment == '.' then
      ends_in_dot = i == #list
    elseif segment == '..' then
      if #out > 0 and out[#out] ~= '..' then
        out[#out] = nil
      elseif not absolute then
        out[#out + 1] = '..'
      end
      ends_in_dot = i == #list
    else
      out[#out + 1] = segment
    end
  end
  local result = concat(out, '/')
  if ends_in_dot and #out > 0 then
    result = result .. '/'
  end
  return (absolute and '/' or '') .. result
end

function url.parse(text, default)
  local parsed = {}
  for key, value in pairs(default or parsed) do
    parsed[key] = value
  end
  if not text or text == '' then
    return nil, 'invalid url'
  end
  local rest = text
  rest = gsub(rest, '#(.*)$', function(s) parsed.fragment = s return '' end)
  rest = gsub(rest, '^([%w][%w%+%-%.]*)%:', function(s) parsed.scheme = s return '' end)
  rest = gsub(rest, '^//([^/%?]*)', function(s) parsed.authority = s return '' end)
  rest = gsub(rest, '%?(.*)', function(s) parsed.query = s return '' end)
  rest = gsub(rest, '%;(.*)', function(s) parsed.params = s return '' end)
  if rest ~= '' then
    parsed.path = rest
  end
  local authority = parsed.authority
  if not authority then
    return parsed
  end
  authority = gsub(authority, '^([^@]*)@', function(s) parsed.userinfo = s return '' end)
  authority = gsub(authority, ':([^:%]]*)$', function(s) parsed.port = s return '' end)
  if authority ~= '' then
    parsed.host = match(authority, '^%[(.+)%]$') or authority
  end
  local userinfo = parsed.userinfo
  if not userinfo then
    return parsed
  end
  userinfo = gsub(userinfo, ':([^:]*)$', function(s) parsed.password = s return '' end)
  parsed.user = userinfo
  return parsed
end

function url.build(parsed)
  local text = parsed.path or ''
  if parsed.params then
    text = text .. ';' .. parsed.params
  end
  if parsed.query then
    text = text .. '?' .. parsed.query
  end
  local authority = parsed.authority
  if parsed.host then
    authority = find(parsed.host, ':', 1, true) and '[' .. parsed.host .. ']' or parsed.host
    if parsed.port then
      authority = authority .. ':' .. parsed.port
    end
    local userinfo = parsed.userinfo
    if parsed.user then
      userinfo = parsed.user .. (parsed.password and ':' .. parsed.password or '')
    end
    if userinfo then
      authority = userinfo .. '@' .. authority
    end
  end
  if authority then
    text = '//' .. authority .. (text ~= '' and sub(text, 1, 1) ~= '/' and not find(text, '^[;%?]') and '/' or '') .. text
  end
  if parsed.scheme then
    text = parsed.scheme .. ':' .. text
  end
  if parsed.fragment then
    text = text .. '#' .. parsed.fragment
  end
  return text
end

local function joined(base, relative)
  if sub(relative, 1, 1) == '/' then
    return without_dots(relative)
  end
  return without_dots((match(base, '^.*/') or '') .. relative)
end

function url.absolute(base, relative)
  local base_parsed = type(base) == 'table' and base or url.parse(base)
  local base_text = type(base) == 'table' and url.build(base) or base
  local parsed = url.parse(relative)
  if not base_parsed then
    return relative
  elseif not parsed then
    return base_text
  elseif parsed.scheme then
    return relative
  end
  parsed.scheme = base_parsed.scheme
  if not parsed.authority then
    parsed.authority = base_parsed.authority
    if not parsed.path then
      parsed.path = base_parsed.path
      if not parsed.params then
        parsed.params = base_parsed.params
        parsed.query = parsed.query or base_parsed.query
      end
    else
      parsed.path = joined(base_parsed.path or '', parsed.path)
    end
  end
  return url.build(parsed)
end

function url.parse_path(path)
  local parsed = {}
  path = path or ''
  for segment in gmatch(path, '([^/]+)') do
    parsed[#parsed + 1] = url.unescape(segment)
  end
  parsed.is_absolute = sub(path, 1, 1) == '/' and 1 or nil
  parsed.is_directory = sub(path, -1, -1) == '/' and 1 or nil
  return parsed
end

function url.build_path(parsed, unsafe)
  local segments = {}
  for i = 1, #parsed do
    segments[i] = unsafe and parsed[i] or protect(parsed[i])
  end
  local path = concat(segments, '/') .. (#segments > 0 and parsed.is_directory and '/' or '')
  return (parsed.is_absolute and '/' or '') .. path
end

return url
