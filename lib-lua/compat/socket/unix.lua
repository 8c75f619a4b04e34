-- LuaSocket's `socket.unix`: connections to unix sockets.

local core = require 'socket.core'

local unix = { stream = core.unix, tcp = core.unix }
return setmetatable(unix, { __call = function() return core.unix() end })
