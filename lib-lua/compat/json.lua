-- `json` as most libraries of that name have it (json4lua, rxi's): encode and decode, which raise errors. null is nil when it is read; json.null
-- writes it. Also the global `json`.

local text = require 'json.text'
local json = { _VERSION = 'json (of smtpe)' }

local function null()
  return null
end
json.null = null
json.util = { null = null }

local reading = { depth = 1000 }
local writing = { depth = 1000, empty = 'array', null = null }

function json.decode(s)
  if type(s) ~= 'string' then
    error('expected argument of type string, got ' .. type(s), 2)
  end
  local ok, value = text.decode_all(s, reading)
  if not ok then
    error(value, 2)
  end
  return value
end

function json.encode(value)
  local ok, written = pcall(text.encode, value, writing)
  if not ok then
    error(written, 2)
  end
  return written
end

if rawget(_G, 'json') == nil then
  rawset(_G, 'json', json)
end
return json
