---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---Files, as scripts for Rumble ask about them (doc/rumble.md): in a policy behind `require "rumble"`.
---@class file
file = {}

---What is known of a file, or of a directory. Symbolic links are followed.
---@param path string Of the file; a relative one begins at the working directory of smtpe.
---@return { size: integer, created: integer, modified: integer, accessed: integer, mode: integer }? facts integers: `size` (octets), `created` (Unix seconds, of the last change of its status), `modified`, `accessed`, `mode` as stat(2) has it; nil when it cannot be looked at
function file.stat(path) end

---Whether there is such a file, or directory, that smtpe may read.
---@param path string Of the file; a relative one begins at the working directory of smtpe.
---@return boolean is_there false, too, when it may not be read
function file.exists(path) end
