-- `dovecot` in a policy, so that it can call what was written for Dovecot: the same table, with a request that the policy makes for a function of
-- an authentication script.

local _, behind = ...
local arguments = behind.library 'dovecot.arguments'
local request = behind.library 'dovecot.request'
local dovecot = behind.library 'dovecot.base'
local count, next, type, tostring, select, match = arguments.count, next, type, tostring, select, string.match

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
  local user = fields.user
  if type(user) == 'string' then
    fields.username = fields.username or match(user, '^[^@]*')
    fields.domain = fields.domain or match(user, '@(.*)$')
  end
  fields.service, fields.protocol = fields.service or 'smtp', fields.protocol or 'smtp'
  return request.make(fields, 'lua(' .. tostring(user or '') .. '): ')
end

dovecot.auth = auth
return dovecot
