-- The commands of a client of `redis`: what they take as arguments, and what is made of their replies, where that is not as the server has it.

local wire = require 'redis.wire'
local type, tostring, setmetatable, select, ipairs, pairs, rawget = type, tostring, setmetatable, select, ipairs, pairs, rawget
local upper, lower, match, gmatch = string.upper, string.lower, string.match, string.gmatch
local unpack = unpack or table.unpack
local request_of, refused, ask = wire.request_of, wire.refused, wire.ask

local commands = {}

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

-- What these bring comes in place of replies, or never.
local streaming = {
  SUBSCRIBE = true, PSUBSCRIBE = true, SSUBSCRIBE = true, UNSUBSCRIBE = true, PUNSUBSCRIBE = true, SUNSUBSCRIBE = true, MONITOR = true,
  SYNC = true, PSYNC = true,
}

local function check_word(self, word)
  if streaming[word] then
    refused(self, word .. ' has no reply of its own: for channels there is pubsub')
  end
end

-- The function of a command. `settings`: request, response.
local function command(name, settings)
  local word = upper(name)
  local request, response = settings.request, settings.response
  return function(self, ...)
    check_word(self, word)
    local arguments, count, extra
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
    return finish(ask(self, text))
  end
end

-- redis.command('NAME', { request =, response = }): for define_command; a request of redis-lua's kind gets client and name.
function commands.command(name, settings)
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

-- By their names in lower case.
local known = setmetatable({}, {
  __index = function(t, name)
    local made = command(name, { request = requests[name], response = responses[name] })
    t[name] = made
    return made
  end,
})

commands.check_word, commands.known = check_word, known
return commands
