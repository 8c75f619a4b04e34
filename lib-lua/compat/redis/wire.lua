-- What a client of `redis` and its server say to one another (RESP2), and whose a reply is.

local type, error, tostring, tonumber, pcall, ipairs = type, error, tostring, tonumber, pcall, ipairs
local sub, match, find = string.sub, string.match, string.find
local concat, kind_of_number = table.concat, math.type

-- Replies within replies, and values of one reply.
local DEEPEST, MOST_VALUES = 32, 1000000

local wire = {}

-- Each reply belongs to one command. `network.owed` counts the replies that have not been read to their end: as long as there is one, whatever has
-- kept us from it (an error that was caught, a limit that cut the hook off), the next command would get it for its own. So
-- a command begins with nothing owed, or the connection is over for good. Errors go through client.error, which a script may replace.
local function give_up(network)
  network.over = true
  network.socket:close()
end

local function refused(self, message)
  self.error(message)
  error(message, 0)
end

-- What is not an answer of the server ends the connection.
local function broken(self, message)
  give_up(self.network)
  refused(self, message)
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

-- Nothing is on its way to us that would be taken for the next reply.
local function check_rest(self)
  local network = self.network
  local stream = network.socket
  if network.over then
    refused(self, 'connection error: closed')
  elseif network.owed > 0 then
    broken(self, 'connection error: closed, as a reply before was not read to its end')
  elseif network.channels then
    refused(self, 'the connection has channels, whose messages come in place of replies: end pubsub first, or use another connection')
  elseif stream.dirty and stream:dirty() then
    -- A farewell, mostly: too many clients, a server that ends.
    local line, message = stream:receive '*l'
    broken(self, 'connection error: ' .. (line and 'the server has said unasked ' .. sub(line, 1, 200) or tostring(message)))
  end
end

local function put_out(self, text)
  local stream = self.network.socket
  local ok, sent, message = pcall(stream.send, stream, text)
  if not ok then
    broken(self, sent)
  elseif not sent then
    broken(self, 'connection error: ' .. tostring(message))
  end
end

-- Sends what `count` replies will come to.
local function send(self, text, count)
  check_rest(self)
  self.network.owed = count
  put_out(self, text)
end

-- Replies

-- A number as the protocol has it; nil for every other text that Lua would take for one (`1.5`, `0x10`, ` 7`, `inf`).
local function whole(text)
  local number = #text <= 20 and find(text, '^[+-]?%d+$') and tonumber(text)
  return kind_of_number(number) == 'integer' and number or nil
end

local function receive(self, pattern)
  local stream = self.network.socket
  local ok, text, message = pcall(stream.receive, stream, pattern)
  if not ok then
    broken(self, text)
  elseif not text then
    broken(self, 'connection error: ' .. tostring(message))
  end
  return text
end

local function read_text(self, rest)
  local length = whole(rest)
  if length == -1 then
    return nil
  elseif length == nil or length < 0 then
    broken(self, 'cannot parse ' .. rest .. ' as data length')
  end
  local text = receive(self, length + 2)
  if sub(text, -2) ~= '\r\n' then
    broken(self, 'a text of ' .. length .. ' octets does not end where it says')
  end
  return sub(text, 1, -3)
end

local read_value

local function read_list(self, rest, depth)
  local count = whole(rest)
  if count == -1 then
    return nil
  elseif count == nil or count < 0 then
    broken(self, 'cannot parse ' .. rest .. ' as a count')
  elseif depth >= DEEPEST then
    broken(self, 'a reply is nested more than ' .. DEEPEST .. ' deep')
  end
  local network = self.network
  network.values = network.values + count
  if network.values > MOST_VALUES then
    broken(self, 'a reply has more than ' .. MOST_VALUES .. ' values')
  end
  if depth == 0 then
    network.items = count
  end
  local list = {}
  for i = 1, count do
    local value, message = read_value(self, depth + 1)
    list[i] = message and { error = message } or value
  end
  return list
end

-- A value, or nil and the message of an error of the server.
function read_value(self, depth)
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
    return whole(rest) or broken(self, 'cannot parse ' .. rest .. ' as a numeric response.')
  elseif kind == '$' then
    return read_text(self, rest)
  elseif kind == '*' then
    return read_list(self, rest, depth)
  end
  broken(self, 'unknown response prefix: ' .. kind)
end

-- A whole reply: it is not owed any more.
local function read(self)
  local network = self.network
  network.values = 0
  local value, message = read_value(self, 0)
  network.owed = network.owed - 1
  return value, message
end

wire.give_up, wire.refused, wire.broken, wire.answered = give_up, refused, broken, answered
wire.request_of, wire.check_rest, wire.put_out, wire.send, wire.read = request_of, check_rest, put_out, send, read

-- One command and its reply; an error of the server is raised.
function wire.ask(self, text)
  send(self, text, 1)
  local reply, message = read(self)
  if message then
    answered(self, message)
  end
  return reply
end

return wire
