-- LuaSocket's `mime` (filters over what is in mime.core), and beside it all that smtpe's own `mime` has, which the global stays.

local core = require 'mime.core'
local ltn12 = require 'ltn12'
local socket_choose = require('socket').choose
local setmetatable = setmetatable
local ours = rawget(_G, 'mime')

local lua_socket = { _VERSION = core._VERSION }
for name, value in pairs(core) do
  lua_socket[name] = value
end

local encodings, decodings, wrappings = {}, {}, {}
lua_socket.encodet, lua_socket.decodet, lua_socket.wrapt = encodings, decodings, wrappings

function encodings.base64()
  return ltn12.filter.cycle(core.b64, '')
end

encodings['quoted-printable'] = function(mode)
  return ltn12.filter.cycle(core.qp, '', mode == 'binary' and '=0D=0A' or '\r\n')
end

function decodings.base64()
  return ltn12.filter.cycle(core.unb64, '')
end

decodings['quoted-printable'] = function()
  return ltn12.filter.cycle(core.unqp, '')
end

function wrappings.text(length)
  length = length or 76
  return ltn12.filter.cycle(core.wrp, length, length)
end
wrappings.base64, wrappings.default = wrappings.text, wrappings.text

wrappings['quoted-printable'] = function()
  return ltn12.filter.cycle(core.qpwrp, 76, 76)
end

lua_socket.encode, lua_socket.decode, lua_socket.wrap =
  socket_choose(encodings), socket_choose(decodings), socket_choose(wrappings)

function lua_socket.normalize(marker)
  return ltn12.filter.cycle(core.eol, 0, marker)
end

function lua_socket.stuff()
  return ltn12.filter.cycle(core.dot, 2)
end

return setmetatable(lua_socket, {
  __index = function(_, name)
    return ours and ours[name]
  end,
})
