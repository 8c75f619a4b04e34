---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---A digest in the making. An ixHash is taken of a message body without its headers: the first of 1, 2 and 3 that applies, or none.
---@class md5_obj
local md5_obj = {}

---Adds the octets to what is hashed. Does not suspend.
---@param string? string any octets; nil adds nothing
function md5_obj:append(string) end

---The MD5 of everything added so far. The object can be used on: a second `done` gives the same digest, or that of more text when more was added. Does not suspend.
---@return string digest 32 lower-case hexadecimal digits
function md5_obj:done() end

---Is ixHash number 1 meant for this text? True when it has at least 2 line feeds (a last line without one does not count) and at least 20 blanks and tabs. Looks at the string only, not at what was added. Does not suspend.
---@param string? string any octets; nil adds nothing
---@return boolean applies true when the hash is worth taking
function md5_obj:use_ixhash1(string) end

---Is ixHash number 2 meant for this text? True when it has at least 3 of these, counted together: any of the characters `< > ( ) | @ * ' ! ? ,`, and the pair `:/`. Looks at the string only, not at what was added. Does not suspend.
---@param string? string any octets; nil adds nothing
---@return boolean applies true when the hash is worth taking
function md5_obj:use_ixhash2(string) end

---Is ixHash number 3 meant for this text? True when it has at least 8 octets. Looks at the string only, not at what was added. Does not suspend.
---@param string? string any octets; nil adds nothing
---@return boolean applies true when the hash is worth taking
function md5_obj:use_ixhash3(string) end

---Adds what the filter of ixHash number 1 leaves of the string: white space (the same character in a row once, CR LF as LF) with control and 8-bit octets. Runs are squeezed within one call only, so the same text gives the same hash only when it is given in the same pieces. Does not suspend.
---@param string? string any octets; nil adds nothing
function md5_obj:ixhash1(string) end

---Adds what the filter of ixHash number 2 leaves of the string: blanks, 8-bit octets, and punctuation but for `% & # ; =`; the same character in a row once, `_` as `.` (as the published method has it, so that digests can be looked up in public lists). Runs are squeezed within one call only, so the same text gives the same hash only when it is given in the same pieces. Does not suspend.
---@param string? string any octets; nil adds nothing
function md5_obj:ixhash2(string) end

---Adds what the filter of ixHash number 3 leaves of the string: everything but white space, control characters and `=`, the same graphic character in a row once. Runs are squeezed within one call only, so the same text gives the same hash only when it is given in the same pieces. Does not suspend.
---@param string? string any octets; nil adds nothing
function md5_obj:ixhash3(string) end

---MD5 (RFC 1321) of any octets, taken piece by piece, and the three ixHash fuzzy hashes of message bodies. MD5 recognises text that was seen before; it proves nothing about who wrote it.
---@class md5
md5 = {}

---A new digest, to which octets are added with its methods. Does not suspend.
---@return md5_obj md5_obj an empty digest
function md5.new() end
