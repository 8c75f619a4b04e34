-- What a client of `redis` does with several commands: pipelines, transactions, and the messages of channels.

local wire, commands = require 'redis.wire', require 'redis.commands'
local type, error, setmetatable, select, pcall, ipairs = type, error, setmetatable, select, pcall, ipairs
local upper, find, gsub = string.upper, string.find, string.gsub
local concat, unpack = table.concat, unpack or table.unpack
local give_up, refused, broken, answered = wire.give_up, wire.refused, wire.broken, wire.answered
local request_of, check_rest, put_out, send, read = wire.request_of, wire.check_rest, wire.put_out, wire.send, wire.read
local known = commands.known

-- Methods of the client.
local client = {}

-- pipeline(function(p) p:set(...) p:get(...) end) -> replies, number: all are sent together. All replies are read before anything is made of
-- them: neither an error of the server nor one of a script's own function leaves some behind.
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
  local count = #finishers
  send(self, concat(texts), count)
  local replies, first = {}, nil
  for i = 1, count do
    local reply, problem = read(self)
    first = first or problem
    replies[i] = reply
  end
  if first then
    answered(self, first)
  end
  for i = 1, count do
    replies[i] = finishers[i](replies[i])
  end
  return replies, count
end

-- What a list of EXEC comes to; errors of single commands stay as they are.
local function finished(replies, finishers)
  for i, finish in ipairs(finishers) do
    local reply = replies[i]
    if type(reply) ~= 'table' or reply.error == nil then
      replies[i] = finish(reply)
    end
  end
  return replies, #finishers
end

-- While MULTI or WATCH holds, what others say over the connection is queued or undone: one that was left in between (an error, a limit that cut the
-- hook off) is given up.
local under_way = {
  __close = function(state)
    if state.open then
      give_up(state.network)
    end
  end,
}

-- The object that a transaction's function gets: before MULTI its commands are carried out at once, behind it they are queued.
local function transaction_object(self, state)
  local caller = setmetatable({
    queue = function(text, finish)
      send(self, text, 1)
      local reply, message = read(self)
      if message then
        answered(self, message)
      elseif type(reply) ~= 'table' or not reply.queued then
        broken(self, 'a command of a transaction was not queued')
      end
      state.finishers[#state.finishers + 1] = finish
      state.last = reply
    end,
  }, { __index = self })
  return setmetatable({
    multi = function()
      if not state.begun then
        state.open = true
        known.multi(self)
        state.begun, state.discarded = true, false
      end
    end,
    discard = function()
      if state.begun then
        known.discard(self)
      end
      state.discarded, state.begun, state.finishers = true, false, {}
    end,
  }, {
    __index = function(_, name)
      local method = self[name]
      if type(method) ~= 'function' then
        return method
      end
      return function(_, ...)
        if not state.begun then
          return method(self, ...)
        elseif method == client[name] then
          refused(self, name .. ' is not possible in a transaction')
        end
        state.last = nil
        method(caller, ...)
        return state.last
      end
    end,
  })
end

-- One attempt: replies and their number, nil when somebody else's change undid it.
local function attempt(self, watched, options, block)
  local state <close> = setmetatable({ network = self.network, finishers = {} }, under_way)
  if watched then
    state.open = true
    self:watch(watched)
  end
  local one = transaction_object(self, state)
  if not options.cas then
    one.multi()
  end
  local ok, message = pcall(block, one)
  if not ok or state.discarded or not state.begun then
    if state.begun then
      state.open = not pcall(known.discard, self)
    elseif watched and not state.discarded then
      state.open = not pcall(known.unwatch, self)
    else
      state.open = false
    end
    if not ok then
      error(message, 0)
    end
    return {}, 0
  end
  local done, replies = pcall(known.exec, self)
  state.open = false
  if not done then
    error(replies, 0)
  elseif replies == nil then
    return nil
  elseif type(replies) ~= 'table' or #state.finishers ~= self.network.items then
    broken(self, 'EXEC has not as many replies as there were commands')
  end
  return finished(replies, state.finishers)
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
  for _ = 0, options.retry or 0 do
    local replies, number = attempt(self, options.watch or options[1], options, block)
    if replies ~= nil then
      return replies, number
    end
  end
  refused(self, 'the transaction was aborted by the server')
end

-- pubsub { subscribe = name or names, psubscribe = ... } -> an iterator over messages (kind, channel, payload), and a function that ends it.
-- Until then the connection takes no commands.
function client.pubsub(self, channels)
  if type(channels) ~= 'table' then
    refused(self, 'subscribe or psubscribe expected')
  end
  local asked, farewell = {}, {}
  for _, word in ipairs { 'subscribe', 'psubscribe' } do
    local names = channels[word]
    if names ~= nil and (type(names) ~= 'table' or #names > 0) then
      asked[#asked + 1] = request_of(upper(word), { names }, 1)
      farewell[#farewell + 1] = request_of(upper(gsub(word, 'subscribe', 'unsubscribe')), {}, 0)
    end
  end
  if #asked == 0 then
    refused(self, 'subscribe or psubscribe expected')
  end
  check_rest(self)
  local network = self.network
  network.channels = true
  put_out(self, concat(asked))
  local aborted = false
  local function abort()
    if not aborted and network.channels and not network.over then
      aborted = true
      put_out(self, concat(farewell))
    end
  end
  return function()
    if not network.channels or network.over then
      return nil
    elseif network.owed > 0 then
      broken(self, 'connection error: closed, as a message before was not read to its end')
    end
    network.owed = 1
    local reply, problem = read(self)
    if problem then
      give_up(network)
      answered(self, problem)
    elseif type(reply) ~= 'table' or type(reply[1]) ~= 'string' then
      broken(self, 'what came is no message of a channel')
    end
    local message = { kind = reply[1], channel = reply[2], payload = reply[3] }
    if message.kind == 'pmessage' then
      message.pattern, message.channel, message.payload = reply[2], reply[3], reply[4]
    elseif find(message.kind, 'unsubscribe$') and reply[3] == 0 then
      network.channels = nil
    end
    return message, abort
  end
end

return client
