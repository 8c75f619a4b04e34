-- What LuaSocket has in C, over the connections of smtpe: TCP clients whose connect, send and receive let others run while they wait.
-- Failures are nil and a text, as there.

local _, behind = ...
local util = behind.api 'util'
local type, error, tostring, tonumber, setmetatable, select, pcall = type, error, tostring, tonumber, setmetatable, select, pcall
local rawget, rawequal, getmetatable, ipairs, pairs = rawget, rawequal, getmetatable, ipairs, pairs
local sub, find, format = string.sub, string.find, string.format

local core = { _VERSION = 'LuaSocket 3.0 (of smtpe)', _SETSIZE = 1024, _DATAGRAMSIZE = 8192, BLOCKSIZE = 2048 }

local client_methods = {}
local client = { __index = client_methods, __name = 'tcp{client}' }
function client.__tostring(self)
  return (self.stream and 'tcp{client}: ' or 'tcp{master}: ') .. format('%p', self)
end

local function checked(self, name)
  if type(self) ~= 'table' or getmetatable(self) ~= client then
    error("bad argument #1 to '" .. name .. "' (tcp{client} expected)", 3)
  end
  return self
end

local function new_client(family)
  return setmetatable({ family = family, pause = -1, whole = -1 }, client)
end

-- A result of LuaSocket has its place for an error.
local function finish_connect(self, stream, message)
  if stream == nil then
    return nil, message
  elseif self.closed then
    stream:close()
    return nil, 'closed'
  end
  self.stream = stream
  for name, on in pairs(self.wanted or {}) do
    stream:option(name, on)
  end
  return 1
end

-- Seconds that a call may take as a whole, of those for one wait and for all.
local function shorter(a, b)
  if a < 0 then
    return b
  elseif b < 0 or a < b then
    return a
  end
  return b
end

function client_methods.connect(self, host, port)
  checked(self, 'connect')
  if self.closed then
    return nil, 'closed'
  elseif self.stream then
    return nil, 'already connected'
  end
  local seconds = shorter(self.pause, self.whole)
  if self.family == 'unix' then
    if type(host) ~= 'string' then
      error("bad argument #2 to 'connect' (string expected, got " .. type(host) .. ')', 2)
    end
    return finish_connect(self, behind.connect_path(host, seconds))
  end
  local number = tonumber(port)
  if type(host) ~= 'string' then
    error("bad argument #2 to 'connect' (string expected, got " .. type(host) .. ')', 2)
  elseif number == nil or number % 1 ~= 0 or number < 1 or number > 65535 then
    return nil, 'host or service not provided, or not known'
  end
  return finish_connect(self, behind.connect(host, number, seconds))
end

local function read_pattern(pattern)
  if pattern == nil then
    return 'l'
  elseif type(pattern) == 'number' or tonumber(pattern) then
    local count = tonumber(pattern)
    return count >= 0 and count % 1 == 0 and count or nil
  elseif type(pattern) == 'string' then
    local letter = sub(pattern, 1, 1) == '*' and sub(pattern, 2, 2) or sub(pattern, 1, 1)
    return (letter == 'l' or letter == 'a') and letter or nil
  end
end

function client_methods.receive(self, pattern, prefix)
  checked(self, 'receive')
  local wanted = read_pattern(pattern)
  if wanted == nil then
    error("bad argument #2 to 'receive' (invalid receive pattern)", 2)
  end
  prefix = prefix == nil and '' or tostring(prefix)
  if self.stream == nil then
    return nil, self.closed and 'closed' or 'Socket is not connected', prefix
  elseif type(wanted) == 'number' and #prefix > 0 and wanted <= #prefix then
    return prefix, nil, nil
  end
  local octets, message = self.stream:receive(wanted, #prefix, self.pause, self.whole)
  if message then
    return nil, message, prefix .. octets
  end
  return prefix .. octets, nil, nil
end

function client_methods.send(self, data, first, last)
  checked(self, 'send')
  if type(data) ~= 'string' and type(data) ~= 'number' then
    error("bad argument #2 to 'send' (string expected, got " .. (data == nil and 'nil' or type(data)) .. ')', 2)
  end
  data = tostring(data)
  local size = #data
  first, last = tonumber(first) or 1, tonumber(last) or -1
  first = first < 0 and size + first + 1 or first
  last = last < 0 and size + last + 1 or last
  first, last = first < 1 and 1 or first, last > size and size or last
  if self.stream == nil then
    return nil, self.closed and 'closed' or 'Socket is not connected', first - 1
  elseif last < first then
    return first - 1, nil, nil
  end
  local piece = first == 1 and last == size and data or sub(data, first, last)
  local count, message = self.stream:send(piece, self.pause, self.whole)
  if message then
    return nil, message, first - 1 + count
  end
  return first - 1 + count, nil, nil
end

function client_methods.settimeout(self, seconds, mode)
  checked(self, 'settimeout')
  seconds = seconds == nil and -1 or tonumber(seconds)
  if seconds == nil then
    error("bad argument #2 to 'settimeout' (number expected)", 2)
  end
  local letter = sub(tostring(mode or 'b'), 1, 1)
  if letter == 'b' then
    self.pause = seconds < 0 and -1 or seconds
  elseif letter == 't' or letter == 'r' then
    self.whole = seconds < 0 and -1 or seconds
  else
    error("bad argument #3 to 'settimeout' (invalid timeout mode)", 2)
  end
  return 1
end

function client_methods.gettimeout(self)
  checked(self, 'gettimeout')
  return self.pause, self.whole
end

function client_methods.settimeouts(self, connect, send, read)
  checked(self, 'settimeouts')
  local most = -1
  for _, seconds in ipairs { connect or -1, send or -1, read or -1 } do
    most = seconds > most and seconds or most
  end
  self.pause = most
  return 1
end

function client_methods.close(self)
  checked(self, 'close')
  if self.stream then
    self.stream:close()
  end
  self.stream, self.closed = nil, true
  return 1
end

function client_methods.shutdown(self, how)
  checked(self, 'shutdown')
  how = how or 'both'
  if how ~= 'both' and how ~= 'send' and how ~= 'receive' then
    error("bad argument #2 to 'shutdown' (invalid shutdown method)", 2)
  elseif self.stream == nil then
    return nil, 'closed'
  end
  if how ~= 'receive' then
    self.stream:finish()
  end
  return 1
end

local function family_of(address)
  return find(address, ':', 1, true) and 'inet6' or 'inet'
end

function client_methods.getpeername(self)
  checked(self, 'getpeername')
  if self.stream == nil then
    return nil, 'closed'
  end
  local _, _, address, port = self.stream:names()
  if address == '' then
    return nil, 'closed'
  end
  return address, port, family_of(address)
end

function client_methods.getsockname(self)
  checked(self, 'getsockname')
  if self.stream == nil then
    return nil, 'closed'
  end
  local address, port = self.stream:names()
  return address, port, family_of(address)
end

function client_methods.getfamily(self)
  checked(self, 'getfamily')
  return self.family or 'inet'
end

function client_methods.getstats(self)
  checked(self, 'getstats')
  if self.stream == nil then
    return 0, 0, 0
  end
  return self.stream:counts()
end

-- 1 for what is done anyway or makes no difference here.
local options = {
  keepalive = 'keepalive', ['tcp-nodelay'] = 'nodelay', ['reuseaddr'] = '', ['linger'] = '', ['ipv6-v6only'] = '', ['reuseport'] = '',
}

function client_methods.setoption(self, name, value)
  checked(self, 'setoption')
  local option = options[name]
  if option == nil then
    error("bad argument #2 to 'setoption' (unsupported option '" .. tostring(name) .. "')", 2)
  elseif option ~= '' then
    self.wanted = self.wanted or {}
    self.wanted[option] = value and true or false
    if self.stream then
      self.stream:option(option, self.wanted[option])
    end
  end
  return 1
end

function client_methods.dirty(self)
  checked(self, 'dirty')
  return self.stream ~= nil and self.stream:is_readable()
end

function client_methods.getfd(self)
  checked(self, 'getfd')
  return -1 -- descriptors are none of a policy's
end

function client_methods.setfd() end

local function no_server()
  return nil, 'a policy cannot listen: it serves the clients of smtpe'
end
client_methods.bind, client_methods.listen, client_methods.accept = no_server, no_server, no_server
client_methods.setpeername = client_methods.connect

function core.tcp()
  return new_client('inet')
end
core.tcp4 = core.tcp

function core.tcp6()
  return new_client('inet6')
end

function core.unix()
  return new_client('unix')
end

function core.udp()
  return nil, 'a policy has no UDP: for DNS there is the module dns, for syslog the module syslog'
end
core.udp4, core.udp6 = core.udp, core.udp

function core.connect(host, port)
  local self = new_client('inet')
  local ok, message = self:connect(host, port)
  if ok == nil then
    self:close()
    return nil, message
  end
  return self
end
core.connect4, core.connect6 = core.connect, core.connect

function core.gettime()
  return util.time()
end

function core.sleep(seconds)
  seconds = tonumber(seconds)
  if seconds == nil then
    error("bad argument #1 to 'sleep' (number expected)", 2)
  elseif seconds > 0 then
    util.sleep(seconds)
  end
end

-- select(recvt, sendt, seconds): what can be read; all connections can be written to.
function core.select(readers, writers, seconds)
  local readable, writable, streams = {}, {}, {}
  for _, socket in ipairs(writers or {}) do
    writable[#writable + 1], writable[socket] = socket, #writable + 1
  end
  local function look()
    for _, socket in ipairs(readers or {}) do
      local stream = type(socket) == 'table' and socket.stream
      if stream and stream:is_readable() then
        readable[#readable + 1], readable[socket] = socket, #readable + 1
      end
    end
  end
  look()
  if #readable == 0 and #writable == 0 then
    for _, socket in ipairs(readers or {}) do
      streams[#streams + 1] = type(socket) == 'table' and socket.stream or nil
    end
    behind.wait_readable(streams, seconds == nil and -1 or tonumber(seconds) or 0)
    look()
  end
  if #readable == 0 and #writable == 0 then
    return readable, writable, 'timeout'
  end
  return readable, writable
end

function core.skip(count, ...)
  return select(count + 1, ...)
end

-- Errors that `protect` catches: those of `try`, in a table of their own.
local raised = {}

function core.newtry(finalizer)
  return function(...)
    local value, message = ...
    if not value then
      if finalizer then
        pcall(finalizer)
      end
      error(setmetatable({ message }, raised), 0)
    end
    return ...
  end
end
core.try = core.newtry()

local function unprotected(ok, ...)
  if ok then
    return ...
  end
  local problem = ...
  if type(problem) == 'table' and rawequal(getmetatable(problem), raised) then
    return nil, rawget(problem, 1)
  end
  error(problem, 0)
end

function core.protect(f)
  return function(...)
    return unprotected(pcall(f, ...))
  end
end
core.__unload = function() end

core.dns = {}

local function host_table(name, addresses)
  local info = {}
  for i, address in ipairs(addresses) do
    info[i] = { family = family_of(address), addr = address }
  end
  return info, name
end

local function addresses_of(host, name)
  if type(host) ~= 'string' then
    error("bad argument #1 to '" .. name .. "' (string expected, got " .. (host == nil and 'no value' or type(host)) .. ')', 3)
  end
  return behind.addresses(host)
end

function core.dns.toip(host)
  local addresses = addresses_of(host, 'toip')
  local four = {}
  for _, address in ipairs(addresses) do
    if family_of(address) == 'inet' then
      four[#four + 1] = address
    end
  end
  if #four == 0 then
    return nil, 'host not found'
  end
  return four[1], { name = host, alias = {}, ip = four }
end

function core.dns.getaddrinfo(host)
  local addresses = addresses_of(host, 'getaddrinfo')
  if #addresses == 0 then
    return nil, 'host or service not provided, or not known'
  end
  return (host_table(host, addresses))
end

function core.dns.tohostname(host)
  local addresses = addresses_of(host, 'tohostname')
  local name = addresses[1] and behind.name_of(addresses[1])
  if name == nil then
    return nil, 'host not found'
  end
  return name, { name = name, alias = {}, ip = { addresses[1] } }
end

function core.dns.getnameinfo(address)
  local name = core.dns.tohostname(address)
  if name == nil then
    return nil, 'host or service not provided, or not known'
  end
  return { name }
end

function core.dns.gethostname()
  local smtpe = behind.api 'smtpe'
  return smtpe and smtpe.host or 'localhost'
end

return core
