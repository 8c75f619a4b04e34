-- What Rumble adds to `string`, and so to strings as methods: in the script's own table, no other script sees it.

local _, behind = ...

-- luacheck: ignore 142 (a field of string that is set)
string.SHA256 = behind.rumble_SHA256
string.encode64 = behind.rumble_encode64
string.decode64 = behind.rumble_decode64

return string
