-- lua-cjson's `cjson.safe`: as cjson, but encode and decode give nil and the error.

local cjson = require 'cjson'

local function caught(f)
  return function(...)
    local ok, value = pcall(f, ...)
    if ok then
      return value
    end
    return nil, (tostring(value):gsub('^[^\n]-:%d+: ', ''))
  end
end

local function new()
  local safe = cjson.new()
  safe._NAME = 'cjson.safe'
  safe.encode, safe.decode, safe.new = caught(safe.encode), caught(safe.decode), new
  return safe
end

return new()
