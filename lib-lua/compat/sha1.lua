-- `sha1`: called itself, or `sha1.sha1`, it gives hexadecimal digits; `binary` octets; `hmac` and `hmac_binary` the keyed digest.

local _, behind = ...
local util = behind.api 'util'

local sha1 = { version = '0.6.0' }

function sha1.sha1(octets) return util.sha1(octets) end
function sha1.binary(octets) return util.sha1(octets, true) end
function sha1.hmac(key, octets) return util.hmac('sha1', key, octets) end
function sha1.hmac_binary(key, octets) return util.hmac('sha1', key, octets, true) end

return setmetatable(sha1, { __call = function(_, octets) return util.sha1(octets) end })
