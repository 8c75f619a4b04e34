-- `sha2` (pure_lua_SHA): digests in hexadecimal digits, of a string, or of pieces: without an argument each gives a function that takes them
-- and gives the digest when it is called with none. Also the names that end in hex, and octets where they do not take a place: see the page.

local _, behind = ...
local util = behind.api 'util'
local error, concat, gsub, char, tonumber, format, byte = error, table.concat, string.gsub, string.char, tonumber, string.format, string.byte

local sha2 = { _VERSION = 'sha2 (of smtpe)' }
local names, blocks = {}, { md5 = 64, sha1 = 64, sha224 = 64, sha256 = 64, sha384 = 128, sha512 = 128 }

for name in pairs(blocks) do
  local function digest(octets)
    if octets ~= nil then
      return behind.digest(name, octets, false)
    end
    local pieces, count, done = {}, 0, nil
    local function partial(piece)
      if piece ~= nil then
        count = count + 1
        pieces[count] = piece
        return partial
      end
      done = done or behind.digest(name, concat(pieces), false)
      return done
    end
    return partial
  end
  sha2[name], names[digest] = digest, name
  sha2[name .. 'hex'] = digest
end

function sha2.hex_to_bin(digits)
  return (gsub(digits, '%x%x', function(two) return char(tonumber(two, 16)) end))
end
sha2.hex2bin = sha2.hex_to_bin

function sha2.bin_to_hex(octets)
  return (gsub(octets, '.', function(c) return format('%02x', byte(c)) end))
end
sha2.bin2hex = sha2.bin_to_hex

function sha2.bin_to_base64(octets) return util.base64_encode(octets) end
function sha2.base64_to_bin(text) return util.base64_decode(text) end
sha2.bin2base64, sha2.base642bin = sha2.bin_to_base64, sha2.base64_to_bin

-- hmac(sha2.sha256, key, octets)
function sha2.hmac(digest, key, octets)
  local name = names[digest]
  if name == nil then
    error("bad argument #1 to 'hmac' (a function of this module expected)", 2)
  end
  local function of(text)
    return behind.hmac(name, key, text)
  end
  if octets ~= nil then
    return of(octets)
  end
  local pieces = {}
  local function partial(piece)
    if piece ~= nil then
      pieces[#pieces + 1] = piece
      return partial
    end
    return of(concat(pieces))
  end
  return partial
end

return sha2
