-- What an authentication script is called through: run before the script itself, it gives it the table `dovecot` and us a function for each
-- thing that is asked of it. Functions of the script are looked up in its globals as they are, past any metatable.

local _, behind = ...
local request = behind.library 'dovecot.request'
local rawget, type, next, ipairs, tostring, tonumber = rawget, type, next, ipairs, tostring, tonumber
local math_type, tointeger = math.type, math.tointeger
local beginning = behind.library 'dovecot.beginning'
local globals = _G

-- luacheck: globals dovecot
dovecot = behind.library 'dovecot.base'
dovecot.auth = behind.library 'dovecot.constants'

local function scalar(value)
  local kind = type(value)
  return kind == 'string' or kind == 'number' or kind == 'boolean'
end

-- The results as they can be read: the type of the code and the code, the type of what else there is and that; of a table `key`, `value`,
-- `key`, `value`, where false and its type in the place of the value is something that means nothing.
local function plain(...)
  local code, more = ...
  local kind = type(code)
  if kind == 'string' then
    code = tonumber(code)
    kind = code and 'number' or 'string'
  end
  if type(more) ~= 'table' then
    return kind, kind == 'number' and code or 0, type(more), scalar(more) and more or nil
  end
  local flat, n = {}, 0
  for key, value in next, more do
    if type(key) == 'string' or type(key) == 'number' then
      local whole = value
      if math_type(value) == 'float' then
        whole = tointeger(value) or 0
      end
      flat[n + 1], flat[n + 2], flat[n + 3] = tostring(key), type(value), scalar(value) and tostring(whole) or ''
      n = n + 3
    end
  end
  return kind, kind == 'number' and code or 0, 'table', flat
end

local function asked(name)
  return function(facts, prefix, password)
    local script = rawget(globals, name)
    local req = request.make(facts, prefix)
    if password == nil then
      return plain(script(req))
    end
    return plain(script(req, password))
  end
end

local MOST_USERS = 1000000

-- The list as a sequence; or false and what is wrong with it.
local function iterated()
  local list = rawget(globals, 'auth_userdb_iterate')()
  if type(list) ~= 'table' then
    return false, 'Cannot iterate, return value is not table'
  end
  local users = {}
  for _, user in next, list do
    if type(user) ~= 'string' and type(user) ~= 'number' then
      return false, 'Value is not string'
    end
    if #users == MOST_USERS then
      return false, 'more than ' .. MOST_USERS .. ' users'
    end
    users[#users + 1] = tostring(user)
  end
  return true, users
end

-- Which functions there are: looked at once, when the script has run.
local function defined()
  local names = {}
  for _, name in ipairs { 'auth_password_verify', 'auth_passdb_lookup', 'auth_userdb_lookup', 'auth_userdb_iterate' } do
    local value = rawget(globals, name)
    if value ~= nil then
      names[#names + 1] = name
      names[#names + 1] = type(value)
    end
  end
  return names
end

return {
  beginning.begin, beginning.finish, defined, asked 'auth_password_verify', asked 'auth_passdb_lookup', asked 'auth_userdb_lookup', iterated,
}
