-- LuaSocket's `socket`, for clients: connections by TCP, time, waiting, names. What it has in C is in socket.core; this is the rest. Also
-- the global `socket`, as scripts for Lua 5.1 expect it.

local core = require 'socket.core'
local socket = {}
for name, value in pairs(core) do
  socket[name] = value
end

local type, error, setmetatable, tostring, min = type, error, setmetatable, tostring, math.min

function socket.connect(host, port)
  return core.connect(host, port)
end
socket.connect4, socket.connect6 = socket.connect, socket.connect

function socket.bind()
  return nil, 'a policy cannot listen: it serves the clients of smtpe'
end

-- choose(table)(name, ...): the function of that name, or of its first argument's default.
function socket.choose(makers)
  return function(name, first, second)
    if type(name) ~= 'string' then
      name, first, second = 'default', name, first
    end
    local make = makers[name or 'nil']
    if make == nil then
      error('unknown key (' .. tostring(name) .. ')', 3)
    end
    return make(first, second)
  end
end

local sinks, sources = {}, {}
socket.sinkt, socket.sourcet = sinks, sources
socket.sink, socket.source = socket.choose(sinks), socket.choose(sources)

local function about(client)
  return {
    getfd = function() return client:getfd() end,
    dirty = function() return client:dirty() end,
  }
end

local function callable(client, call)
  local meta = about(client)
  return setmetatable({}, { __index = meta, __call = call })
end

-- Sinks: what is put in goes to the connection.
sinks['close-when-done'] = function(client)
  return callable(client, function(_, chunk)
    if chunk == nil then
      client:close()
      return 1
    end
    return client:send(chunk)
  end)
end

sinks['keep-open'] = function(client)
  return callable(client, function(_, chunk)
    if chunk == nil then
      return 1
    end
    return client:send(chunk)
  end)
end
sinks.default = sinks['keep-open']

-- Sources: so many octets of a connection, or all of them.
sources['by-length'] = function(client, length)
  return callable(client, function()
    if length <= 0 then
      return nil
    end
    local chunk, message = client:receive(min(socket.BLOCKSIZE, length))
    if message then
      return nil, message
    end
    length = length - #chunk
    return chunk
  end)
end

sources['until-closed'] = function(client)
  local over
  return callable(client, function()
    if over then
      return nil
    end
    local chunk, message, rest = client:receive(socket.BLOCKSIZE)
    if message == nil then
      return chunk
    elseif message == 'closed' then
      client:close()
      over = true
      return rest ~= '' and rest or nil
    end
    return nil, message
  end)
end
sources.default = sources['until-closed']

if rawget(_G, 'socket') == nil then
  rawset(_G, 'socket', socket)
end
return socket
