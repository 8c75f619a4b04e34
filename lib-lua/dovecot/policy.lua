-- `dovecot` in a policy, so that it can call what was written for Dovecot: the same table, with a request that the policy makes for a function of
-- an authentication script.

local _, behind = ...
local arguments = behind.library 'dovecot.arguments'
local request = behind.library 'dovecot.request'
local dovecot = behind.library 'dovecot.base'
local count, next, type, tostring, select = arguments.count, next, type, tostring, select

local auth = {}
for name, value in next, behind.library 'dovecot.constants' do
  auth[name] = value
end

-- A request with these fields, as functions of an authentication script get one; `username` and `domain` come from `user`.
function auth.request(...)
  count(select('#', ...), 1)
  local fields = {}
  for name, value in next, arguments.table((...), 1, 'request') do
    fields[name] = type(value) == 'number' and tostring(value) or value
  end
  return request.of(fields, 'lua(' .. tostring(fields.user or '') .. '): ')
end

dovecot.auth = auth
return dovecot
