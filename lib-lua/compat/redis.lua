-- redis-lua's client: `redis.connect(host, port)` and the commands as methods, over a connection of its own by `socket`. Any command of the server
-- can be called by its name in lower case; those of redis/commands.lua change what is given or what comes back. Also the global `Redis`.

local socket = require 'socket'
local url = require 'socket.url'
local wire, commands, client = require 'redis.wire', require 'redis.commands', require 'redis.several'
local type, error, tostring, tonumber, setmetatable, pcall, pairs, rawget = type, error, tostring, tonumber, setmetatable, pcall, pairs, rawget
local sub, upper, match, find, format, gsub = string.sub, string.upper, string.match, string.find, string.format, string.gsub
local give_up, refused = wire.give_up, wire.refused

local redis = { _VERSION = 'redis-lua 2.0.5 (of smtpe)', _DESCRIPTION = 'A Lua client library for Redis', commands = {}, command = commands.command }

-- A line as somebody would type it: one command, which has one reply.
function client.raw_cmd(self, text)
  local line = match(tostring(text), '^(.*[^\r\n])') or ''
  local word = match(line, '[^%s%z]+')
  if not word or sub(line, 1, 1) == '*' or find(line, '[\r\n%z]') then
    refused(self, 'raw_cmd: a line with one command expected, got ' .. format('%q', sub(line, 1, 60)))
  end
  commands.check_word(self, (upper(gsub(word, '["\']', ''))))
  return wire.ask(self, line .. '\r\n')
end

-- The last word: whatever is still owed, the connection is over behind it.
local function part(self, word)
  local network = self.network
  if not network.over then
    pcall(network.socket.send, network.socket, wire.request_of(word, {}, 0))
    give_up(network)
  end
end

function client.quit(self)
  part(self, 'QUIT')
  return true
end

function client.shutdown(self)
  part(self, 'SHUTDOWN')
end

function client.define_command(self, name, made)
  self[name] = made
end

function client.undefine_command(self, name)
  self[name] = nil
end

local function raise(message)
  error(message, 0)
end

local function connection_of(...)
  local first, second, third = ...
  if type(first) == 'table' then
    local copy = {}
    for name, value in pairs(first) do copy[name] = value end
    return copy
  elseif type(first) == 'string' and find(first, '^redis://') then
    local parsed = url.parse(first)
    return {
      host = parsed.host, port = tonumber(parsed.port), password = parsed.password, database = tonumber(match(parsed.path or '', '^/(%d+)')),
    }
  elseif type(first) == 'string' and (find(first, '^unix://') or sub(first, 1, 1) == '/') then
    return { path = (first:gsub('^unix://', '')) }
  end
  return { host = first, port = second, timeout = third }
end

local function connect(parameters)
  if parameters.socket then
    return parameters.socket
  end
  local made
  if parameters.path then
    made = require 'socket.unix' ()
  else
    made = socket.tcp()
  end
  if parameters.timeout then
    made:settimeout(parameters.timeout, 't')
  end
  local host, port = parameters.host or '127.0.0.1', tonumber(parameters.port) or 6379
  local ok, message
  if parameters.path then
    ok, message = made:connect(parameters.path)
  else
    ok, message = made:connect(host, port)
  end
  if not ok then
    raise(format('could not connect to %s [%s]', parameters.path or host .. ':' .. port, message))
  end
  made:setoption('tcp-nodelay', parameters.tcp_nodelay ~= false)
  return made
end

-- connect([host[, port[, timeout]]]), connect { host =, port =, path =, timeout =, password =, database = }, connect 'redis://...'.
function redis.connect(...)
  local parameters = connection_of(...)
  local network = { socket = connect(parameters), owed = 0 }
  local self = setmetatable({ network = network, error = redis.error or raise }, {
    __index = function(_, name)
      if client[name] then
        return client[name]
      elseif redis.commands[name] then
        return redis.commands[name]
      elseif type(name) == 'string' and find(name, '^%l[%l%d]*$') then
        return commands.known[name]
      end
    end,
  })
  local ok, message = pcall(function()
    if parameters.password then
      self:auth(parameters.password)
    end
    if parameters.database then
      self:select(parameters.database)
    end
  end)
  if not ok then
    give_up(network)
    error(message, 0)
  end
  return self
end

redis.error = raise

if rawget(_G, 'Redis') == nil then
  rawset(_G, 'Redis', redis)
end
return redis
