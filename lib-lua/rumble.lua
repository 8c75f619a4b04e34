-- `require 'rumble'` in a policy: the tables of Rumble's scripts as globals of this policy, and the three functions in `string`. What the script
-- has under one of these names stays.

local _, behind = ...
local ipairs, next, rawget, rawset, globals = ipairs, next, rawget, rawset, _G

behind.library 'rumble.strings'

local own = { Mailman = { listHeaders = behind.library 'rumble.letters', readMail = behind.library 'rumble.letter' } }

local tables = {}
for _, name in ipairs(behind.rumble_tables()) do
  tables[name] = behind.api(name)
  for field, value in next, own[name] or {} do
    tables[name][field] = value
  end
  if rawget(globals, name) == nil then
    rawset(globals, name, tables[name])
  end
end

return tables
