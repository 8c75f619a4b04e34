-- Tests of policies: what `smtpe test` gives to files *_test.lua (doc/test.md).
local _, behind = ...
local api = behind.api 't'
if not api then
  error("require 'smtpe.test' is for tests: files *_test.lua, which `smtpe test FILE` runs", 3)
end

-- A name that does not exist raises an error with the one that was meant.
local function closed(name, fields, near)
  return setmetatable({}, {
    __index = function(_, key)
      local value = fields[key]
      if value == nil then
        error(name .. ' has no ' .. tostring(key) .. '; ' .. near(tostring(key)), 2)
      end
      return value
    end,
    __newindex = function(_, key) error(name .. ' cannot be changed (' .. tostring(key) .. ')', 2) end,
    __pairs = function() return next, fields, nil end,
  })
end

local forward, near = api.forward, api.near
api.forward, api.near = nil, nil
api.clock = closed('t.clock', {
  forward = function(_, time) return forward(time) end,
}, function() return "it has forward: t.clock:forward('5m')" end)
return closed('smtpe.test', api, near)
