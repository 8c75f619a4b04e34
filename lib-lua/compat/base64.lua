-- `base64` as lbase64 and others have it: encode, decode, and other alphabets.

local _, behind = ...
local util = behind.api 'util'
local type, error, gsub = type, error, string.gsub

local base64 = {}

local function text(value, name)
  if type(value) ~= 'string' and type(value) ~= 'number' then
    error("bad argument #1 to '" .. name .. "' (string expected, got " .. type(value) .. ')', 3)
  end
  return value
end

-- An alphabet: the characters 62 and 63, and the padding.
local function alphabet(plus, slash, pad)
  return { plus = plus or '+', slash = slash or '/', pad = pad or '=' }
end
base64.makeencoder, base64.makedecoder = alphabet, alphabet

function base64.encode(octets, letters)
  local encoded = util.base64_encode(text(octets, 'encode'))
  if letters then
    encoded = gsub(encoded, '[+/=]', { ['+'] = letters.plus, ['/'] = letters.slash, ['='] = letters.pad })
  end
  return encoded
end

-- Characters that are none of the alphabet are passed over; nil when what is left is no base64.
function base64.decode(encoded, letters)
  encoded = text(encoded, 'decode')
  if letters then
    encoded = gsub(encoded, '[^%w]', { [letters.plus] = '+', [letters.slash] = '/', [letters.pad] = '=' })
  end
  return util.base64_decode((gsub(encoded, '[^%w+/=]', '')))
end

return base64
