-- `require 'rumble'` in a policy: the tables of Rumble's scripts as globals of this policy, and the three functions in `string`. What the script
-- has under one of these names stays.

local _, behind = ...
local ipairs, rawget, rawset, globals = ipairs, rawget, rawset, _G

behind.library 'rumble.strings'
behind.library 'rumble.letters'

local tables = {}
for _, name in ipairs(behind.rumble_tables()) do
  tables[name] = behind.api(name)
  if rawget(globals, name) == nil then
    rawset(globals, name, tables[name])
  end
end

return tables
