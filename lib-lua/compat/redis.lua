-- redis-lua's client: `redis.connect(host, port)` and the commands as methods, over a connection of its own by `socket`. Any command of the server
-- can be called by its name in lower case; those below change what is given or what comes back. Also the global `Redis`.

local socket = require 'socket'
local url = require 'socket.url'
local type, error, tostring, tonumber, setmetatable, pcall, select = type, error, tostring, tonumber, setmetatable, pcall, select
local ipairs, pairs, rawget = ipairs, pairs, rawget
local sub, upper, lower, match, gmatch, find, format = string.sub, string.upper, string.lower, string.match, string.gmatch, string.find, string.format
local concat, unpack = table.concat, unpack or table.unpack

local redis = { _VERSION = 'redis-lua 2.0.5 (of smtpe)', _DESCRIPTION = 'A Lua client library for Redis', commands = {} }

-- Replies within replies.
local DEEPEST = 32

local client = {}

-- Errors go through client.error, which a script may replace. What is not an answer of the server ends the connection: the next
-- reply would be taken for that of another command.
local function broken(self, message)
  self.network.socket:close()
  self.error(message)
  error(message, 0)
end

local function refused(self, message)
  self.error(message)
  error(message, 0)
end

-- What the server says of a command.
local function answered(self, message)
  refused(self, 'redis error: ' .. message)
end

-- Requests

local function put(out, value)
  value = tostring(value)
  out[#out + 1] = '$' .. #value .. '\r\n' .. value .. '\r\n'
end

local function request_of(name, arguments, count)
  local out = { '' }
  put(out, name)
  local number = 1
  for i = 1, count do
    local value = arguments[i]
    if type(value) == 'table' then
      for _, item in ipairs(value) do
        put(out, item)
        number = number + 1
      end
    else
      put(out, value)
      number = number + 1
    end
  end
  out[1] = '*' .. number .. '\r\n'
  return concat(out)
end

local function send(self, text)
  local ok, message = self.network.socket:send(text)
  if not ok then
    broken(self, 'connection error: ' .. message)
  end
end

-- Replies

local function receive(self, pattern)
  local text, message = self.network.socket:receive(pattern)
  if not text then
    broken(self, 'connection error: ' .. message)
  end
  return text
end

-- The reply, or nil and the message of an error of the server.
local function read(self, depth)
  local line = receive(self, '*l')
  local kind, rest = sub(line, 1, 1), sub(line, 2)
  if kind == '+' then
    if rest == 'OK' then
      return true
    elseif rest == 'QUEUED' then
      return { queued = true }
    end
    return rest
  elseif kind == '-' then
    return nil, (match(rest, '^ERR (.*)') or rest)
  elseif kind == ':' then
    return tonumber(rest) or broken(self, 'cannot parse ' .. rest .. ' as a numeric response.')
  elseif kind == '$' then
    local length = tonumber(rest)
    if length == nil then
      broken(self, 'cannot parse ' .. rest .. ' as data length')
    elseif length < 0 then
      return nil
    end
    local text = receive(self, length + 2)
    return sub(text, 1, -3)
  elseif kind == '*' then
    local count = tonumber(rest)
    if count == nil then
      broken(self, 'cannot parse ' .. rest .. ' as a count')
    elseif count < 0 then
      return nil
    elseif depth >= DEEPEST then
      broken(self, 'a reply is nested more than ' .. DEEPEST .. ' deep')
    end
    local list = {}
    for i = 1, count do
      local value, message = read(self, depth + 1)
      list[i] = message and { error = message } or value
    end
    return list
  end
  broken(self, 'unknown response prefix: ' .. kind)
end

-- What commands take and give

local function to_boolean(value)
  if value == 1 then
    return true
  elseif value == 0 then
    return false
  end
  return value
end

local function to_map(list)
  if type(list) ~= 'table' or list.queued then
    return list
  end
  local map = {}
  for i = 1, #list, 2 do
    map[list[i]] = list[i + 1]
  end
  return map
end

-- `info`: by sections where the server has them.
local function to_info(text)
  if type(text) ~= 'string' then
    return text
  end
  local info, section = {}, nil
  for line in gmatch(text, '[^\r\n]+') do
    local name = match(line, '^# (.+)')
    if name then
      section = {}
      info[lower(name)] = section
    else
      local key, value = match(line, '^([^:]*):(.*)')
      if key then
        (section or info)[key] = value
      end
    end
  end
  return info
end

-- Fields of a hash, or keys and values, given as a table.
local function with_pairs(name, first)
  return function(_, ...)
    local arguments, count = { ... }, select('#', ...)
    local map = arguments[first]
    if type(map) ~= 'table' or #map > 0 then
      return name, arguments, count
    end
    local flat, number = {}, 0
    for i = 1, first - 1 do
      number = number + 1
      flat[number] = arguments[i]
    end
    for key, value in pairs(map) do
      flat[number + 1], flat[number + 2] = key, value
      number = number + 2
    end
    return name, flat, number
  end
end

-- zrange and its kin: `withscores` as a word or in a table, with which members and scores come in pairs.
local function with_scores(name)
  return function(_, ...)
    local arguments, count = { ... }, select('#', ...)
    local options = arguments[count]
    local scores = false
    if type(options) == 'table' then
      arguments[count], count = nil, count - 1
      if options.limit then
        local limit = options.limit
        arguments[count + 1], arguments[count + 2], arguments[count + 3] = 'LIMIT', limit.offset or limit[1], limit.count or limit[2]
        count = count + 3
      end
      if options.withscores then
        count = count + 1
        arguments[count], scores = 'WITHSCORES', true
      end
    else
      for i = 4, count do
        scores = scores or upper(tostring(arguments[i])) == 'WITHSCORES'
      end
    end
    return name, arguments, count, scores
  end
end

local function to_pairs(list, scores)
  if not scores or type(list) ~= 'table' or list.queued then
    return list
  end
  local rows = {}
  for i = 1, #list, 2 do
    rows[#rows + 1] = { list[i], list[i + 1] }
  end
  return rows
end

local function sort_request(_, key, options)
  local arguments = { key }
  local function add(...)
    for i = 1, select('#', ...) do
      arguments[#arguments + 1] = (select(i, ...))
    end
  end
  options = options or {}
  if options.by then add('BY', options.by) end
  if type(options.limit) == 'table' then add('LIMIT', unpack(options.limit)) end
  local get = options.get
  for _, pattern in ipairs(type(get) == 'table' and get or { get }) do add('GET', pattern) end
  if type(options.sort) == 'string' then add(options.sort) end
  if options.alpha == true then add 'ALPHA' end
  if options.store then add('STORE', options.store) end
  return 'SORT', arguments, #arguments
end

local function store_request(name)
  return function(_, destination, keys, ...)
    if type(keys) ~= 'table' then
      local arguments = { destination, keys, ... }
      return name, arguments, select('#', ...) + 2
    end
    local options = ...
    local arguments = { destination, #keys, keys }
    if type(options) == 'table' and type(options.weights) == 'table' then
      arguments[#arguments + 1], arguments[#arguments + 2] = 'WEIGHTS', options.weights
    end
    if type(options) == 'table' and options.aggregate then
      arguments[#arguments + 1], arguments[#arguments + 2] = 'AGGREGATE', options.aggregate
    end
    return name, arguments, #arguments
  end
end

local requests = {
  mset = with_pairs('MSET', 1), msetnx = with_pairs('MSETNX', 1), hmset = with_pairs('HMSET', 2), hset = with_pairs('HSET', 2),
  zrange = with_scores 'ZRANGE', zrevrange = with_scores 'ZREVRANGE', zrangebyscore = with_scores 'ZRANGEBYSCORE',
  zrevrangebyscore = with_scores 'ZREVRANGEBYSCORE', sort = sort_request, zunionstore = store_request 'ZUNIONSTORE',
  zinterstore = store_request 'ZINTERSTORE',
}

local responses = {
  hgetall = to_map, info = to_info, zrange = to_pairs, zrevrange = to_pairs, zrangebyscore = to_pairs, zrevrangebyscore = to_pairs,
  config = function(reply, _, first)
    return upper(tostring(first)) == 'GET' and to_map(reply) or reply
  end,
  ping = function(reply) return reply == 'PONG' and true or reply end,
}
for name in gmatch('exists move persist expire expireat pexpire pexpireat renamenx setnx msetnx sismember smove hset hsetnx hexists', '%S+') do
  responses[name] = to_boolean
end

-- The function of a command. `settings`: request, response.
local function command(name, settings)
  local word = upper(name)
  local request, response = settings.request, settings.response
  return function(self, ...)
    local arguments, count, extra = nil, nil, nil
    local sent = word
    if request then
      sent, arguments, count, extra = request(self, ...)
    else
      arguments, count = { ... }, select('#', ...)
    end
    local text = request_of(sent, arguments, count)
    local first = arguments[1]
    local function finish(reply)
      if response then
        return response(reply, extra, first)
      end
      return reply
    end
    local queue = rawget(self, 'queue')
    if queue then
      queue(text, finish)
      return nil
    end
    send(self, text)
    local reply, message = read(self, 0)
    if message then
      answered(self, message)
    end
    return finish(reply)
  end
end

-- redis.command('NAME', { request =, response = }): for define_command; a request of redis-lua's kind gets client and name.
function redis.command(name, settings)
  settings = type(settings) == 'function' and { response = settings } or settings or {}
  local request = settings.request
  return command(name, {
    response = settings.response,
    request = request and function(_, ...)
      local arguments = { request(nil, name, ...) }
      return upper(name), arguments, #arguments
    end,
  })
end

local known = setmetatable({}, {
  __index = function(t, name)
    local made = command(name, { request = requests[name], response = responses[name] })
    t[name] = made
    return made
  end,
})

-- Methods that are no command of the server.

function client.raw_cmd(self, text)
  send(self, text .. '\r\n')
  local reply, message = read(self, 0)
  if message then
    answered(self, message)
  end
  return reply
end

function client.quit(self)
  pcall(function() send(self, request_of('QUIT', {}, 0)) end)
  self.network.socket:shutdown()
  self.network.socket:close()
  return true
end

function client.shutdown(self)
  pcall(function() send(self, request_of('SHUTDOWN', {}, 0)) end)
  self.network.socket:close()
end

function client.define_command(self, name, made)
  self[name] = made
end

function client.undefine_command(self, name)
  self[name] = nil
end

-- pipeline(function(p) p:set(...) p:get(...) end) -> replies, number: all are sent together. All replies are read before an error is raised.
function client.pipeline(self, block)
  local texts, finishers = {}, {}
  local collector = setmetatable({
    queue = function(text, finish)
      texts[#texts + 1], finishers[#finishers + 1] = text, finish
    end,
  }, { __index = self })
  local ok, message = pcall(block, collector)
  if not ok then
    refused(self, message)
  elseif #texts == 0 then
    return {}, 0
  end
  send(self, concat(texts))
  local replies, first = {}, nil
  for i, finish in ipairs(finishers) do
    local reply, problem = read(self, 0)
    first = first or problem
    replies[i] = finish(reply)
  end
  if first then
    answered(self, first)
  end
  return replies, #finishers
end

-- transaction([options or keys to watch,] function(t) t:get(...) t:multi() t:set(...) end) -> replies, number. Without `cas` MULTI is sent at
-- once. A transaction that somebody else's change undid is tried again `retry` times.
function client.transaction(self, ...)
  local arguments, count = { ... }, select('#', ...)
  local block = arguments[count]
  local options = {}
  if type(arguments[1]) == 'table' then
    options = arguments[1]
  elseif count > 1 then
    options.watch = { unpack(arguments, 1, count - 1) }
  end
  if type(block) ~= 'function' then
    refused(self, 'the last argument of a transaction has to be a function')
  end
  local watched = options.watch or options[1]
  for attempt = 0, options.retry or 0 do
    if watched then
      self:watch(watched)
    end
    local finishers, begun, discarded = {}, false, false
    local one
    local function begin()
      if not begun then
        known.multi(self)
        begun = true
      end
    end
    one = setmetatable({
      multi = begin,
      discard = function()
        if begun then
          known.discard(self)
        end
        discarded, begun = true, false
      end,
    }, {
      __index = function(_, name)
        local method = self[name]
        if type(method) ~= 'function' then
          return method
        end
        return function(_, ...)
          if not begun then
            return method(self, ...)
          end
          local queued
          local caller = setmetatable({
            queue = function(text, finish) queued = { text, finish } end,
          }, { __index = self })
          method(caller, ...)
          if queued == nil then
            return nil
          end
          send(self, queued[1])
          local reply, message = read(self, 0)
          if message then
            answered(self, message)
          end
          finishers[#finishers + 1] = queued[2]
          return reply
        end
      end,
    })
    if not options.cas then
      begin()
    end
    local ok, message = pcall(block, one)
    if not ok then
      if begun then
        pcall(known.discard, self)
      elseif watched then
        pcall(known.unwatch, self)
      end
      error(message, 0)
    elseif discarded or not begun then
      return {}, 0
    end
    local replies = known.exec(self)
    if replies ~= nil then
      for i, finish in ipairs(finishers) do
        replies[i] = finish(replies[i])
      end
      return replies, #finishers
    elseif attempt == (options.retry or 0) then
      refused(self, 'the transaction was aborted by the server')
    end
  end
end

-- pubsub { subscribe = name or names, psubscribe = ... } -> an iterator over messages (kind, channel, payload), and a function that ends it.
function client.pubsub(self, channels)
  if type(channels) ~= 'table' then
    refused(self, 'subscribe or psubscribe expected')
  end
  local ended, open = false, 0
  for _, word in ipairs { 'subscribe', 'psubscribe' } do
    local names = channels[word]
    if names then
      names = type(names) == 'table' and names or { names }
      open = open + #names
      send(self, request_of(upper(word), { names }, 1))
    end
  end
  local function abort()
    if not ended then
      ended = true
      send(self, request_of('UNSUBSCRIBE', {}, 0) .. request_of('PUNSUBSCRIBE', {}, 0))
    end
  end
  return function()
    if open <= 0 then
      return nil
    end
    local reply = read(self, 0)
    local message = { kind = reply[1], channel = reply[2], payload = reply[3] }
    if message.kind == 'pmessage' then
      message.pattern, message.channel, message.payload = reply[2], reply[3], reply[4]
    elseif find(message.kind, 'unsubscribe$') then
      open = reply[3] == 0 and 0 or open
    end
    return message, abort
  end
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
  local self = setmetatable({ network = { socket = connect(parameters) }, error = redis.error or raise }, {
    __index = function(_, name)
      if client[name] then
        return client[name]
      elseif redis.commands[name] then
        return redis.commands[name]
      elseif type(name) == 'string' and find(name, '^%l[%l%d]*$') then
        return known[name]
      end
    end,
  })
  if parameters.password then
    self:auth(parameters.password)
  end
  if parameters.database then
    self:select(parameters.database)
  end
  return self
end

redis.error = raise

if rawget(_G, 'Redis') == nil then
  rawset(_G, 'Redis', redis)
end
return redis
