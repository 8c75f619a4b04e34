-- The table `dovecot` that every script of this kind has.

local _, behind = ...
local arguments = behind.library 'dovecot.arguments'
local count, text, integer = arguments.count, arguments.text, arguments.integer
local select, setmetatable, rawset, error, tostring, type, next =
  select, setmetatable, rawset, error, tostring, type, next
local gsub, globals = string.gsub, _G

-- The functions are in the metatable, as there: the table itself is free for others.
local dovecot = { __name = 'dovecot' }

-- What most scripts have no use for is loaded when something of it is first asked for: a push script begins anew with every message.
local util
local function base64(name, octets)
  util = util or behind.api 'util'
  return util['base64_' .. name](octets)
end

function dovecot.event(...)
  return behind.library 'dovecot.event'.new(nil)(...)
end

local function later(library)
  return setmetatable({}, {
    __index = function(_, name) return behind.library(library)[name] end,
    __call = function(_, ...) return behind.library(library)(...) end,
  })
end
dovecot.dict = later 'dovecot.dict'
dovecot.__index = dovecot

for name, level in next, { i_debug = 'debug', i_info = 'info', i_warning = 'warning', i_error = 'err' } do
  dovecot[name] = function(...)
    count(select('#', ...), 1)
    behind.dovecot_log(level, text((...), 1, name))
  end
end

local function flags(name, work)
  dovecot[name] = function(...)
    count(select('#', ...), 2)
    local value, flag = ...
    return work(integer(value, 1, name), integer(flag, 2, name))
  end
end

flags('has_flag', function(value, flag) return value & flag == flag end)
flags('set_flag', function(value, flag) return value | flag end)
flags('clear_flag', function(value, flag) return value & ~flag end)

local restricted = {
  -- Functions may be defined as before.
  __newindex = function(t, name, value)
    if type(value) ~= 'function' then
      error('attempt to write to undeclared global variable ' .. tostring(name), 0)
    end
    rawset(t, name, value)
  end,
  -- The words are those of Dovecot.
  __index = function(_, name)
    error('attempt to write to read undeclared global variable ' .. tostring(name), 0)
  end,
}

function dovecot.restrict_global_variables(...)
  count(select('#', ...), 1)
  setmetatable(globals, (...) and restricted or {})
end

-- Dovecot 2.4 has it, and many scripts need it.
dovecot.base64 = {
  encode = function(...)
    count(select('#', ...), 1, 3)
    return base64('encode', text((...), 1, 'encode'))
  end,
  decode = function(...)
    count(select('#', ...), 1)
    return base64('decode', (gsub(text((...), 1, 'decode'), '[^%w+/=]', '')))
  end,
}

return setmetatable({ http = later 'dovecot.http' }, dovecot)
