-- `md5` as the Kepler project and pure Lua modules have it, beside smtpe's own `md5` (new and its methods), which the global stays.

local _, behind = ...
local util = behind.api 'util'
local type, error, setmetatable, char, byte, sub, concat, rep = type, error, setmetatable, string.char, string.byte, string.sub, table.concat, string.rep
local ours = md5

local lua_md5 = {}

local function text(value, n, name)
  if type(value) ~= 'string' and type(value) ~= 'number' then
    error('bad argument #' .. n .. " to '" .. name .. "' (string expected, got " .. (value == nil and 'nil' or type(value)) .. ')', 3)
  end
  return value
end

-- 16 octets.
function lua_md5.sum(octets)
  return behind.digest('md5', text(octets, 1, 'sum'), true)
end

-- 32 hexadecimal digits.
function lua_md5.sumhexa(octets)
  return behind.digest('md5', text(octets, 1, 'sumhexa'), false)
end

function lua_md5.tohex(octets)
  return (text(octets, 1, 'tohex'):gsub('.', function(c) return ('%02x'):format(byte(c)) end))
end

local function xor(a, b)
  local out = {}
  for i = 1, #a do
    out[i] = char(byte(a, i) ~ byte(b, i))
  end
  return concat(out)
end

function lua_md5.exor(a, b)
  a, b = text(a, 1, 'exor'), text(b, 2, 'exor')
  if #a ~= #b then
    error('lengths must be equal', 2)
  end
  return xor(a, b)
end

-- A stream: each block of 16 octets is mixed with the digest of the one before and the key.
local function stream(message, seed, key, of_cipher)
  local block = seed .. rep('\0', 16 - #seed)
  local out = {}
  for at = 1, #message, 16 do
    local piece = sub(message, at, at + 15)
    local mixed = xor(piece, sub(lua_md5.sum(block .. key), 1, #piece))
    out[#out + 1] = mixed
    local cipher = of_cipher and piece or mixed
    block = cipher .. sub(block, #cipher + 1)
  end
  return concat(out)
end

function lua_md5.crypt(message, key, seed)
  message, key = text(message, 1, 'crypt'), text(key, 2, 'crypt')
  seed = seed or util.random_bytes(16)
  if #seed > 16 then
    error("bad argument #3 to 'crypt' (seed too long)", 2)
  end
  return char(#seed) .. seed .. stream(message, seed, key, false)
end

function lua_md5.decrypt(cipher, key)
  cipher, key = text(cipher, 1, 'decrypt'), text(key, 2, 'decrypt')
  local length = byte(cipher, 1)
  if length == nil or length > 16 or #cipher < length + 1 then
    error("bad argument #1 to 'decrypt' (invalid cyphered string)", 2)
  end
  return stream(sub(cipher, length + 2), sub(cipher, 2, length + 1), key, true)
end

return setmetatable(lua_md5, {
  __index = ours,
  __call = function(_, octets) return lua_md5.sumhexa(octets) end,
})
