---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---A list that is open. All connections of a worker share its content; nothing of it is copied but the value that is asked for.
---@class map_obj
---@field path string the file, absolute
---@field size integer how many keys and networks it has now
local map_obj = {}

---Looks up a key. In a list of networks, and of kind `access`, an address is looked up in the networks: the smallest one that holds it counts. What a stranger sent can be given as it is: what cannot be a key is not found. Does not suspend, also when the file has just changed.
---@param key string a key in any case of letters, or an address
---@return string? value what stands behind the key, blanks at both ends left out; empty when nothing does. nil when the list does not have the key
function map_obj:lookup(key) end

---Lists in files: recipients, networks, senders that are refused. A file is read once for all connections of a worker and again when it has changed; a list of 1,000,000 lines is no trouble. `smtpe.access` (doc/helpers.md) looks up addresses and domains in one.
---
---    # a comment has a line of its own
---    bob@example.com     OK
---    192.0.2.0/24        REJECT we know you
---
---A line is a key, and behind blanks its value, if it has one. Line ends are LF or CRLF. Case of ASCII letters in keys does not count; other octets are compared as they are. At most 1000000 lines, 256 MiB, 512 octets for a key and 4096 for a line. A mistake is: a control character, a key twice with different values, a value that begins with `#`, a network that is none.
---
---While a list is used its file is looked at once a second. One that has changed, and was found the same by two looks, is read in the background: look-ups get what was read before until the new content is complete. When that has a mistake, or the file is gone, the old content stays, and one line in the log says why, with file and line. Replace a file by renaming a finished one (`mv list.new list`): when it is opened for the first time, or who writes it pauses for seconds, nobody can see that it is not finished.
---@class map
map = {}

---Opens a list. The first time it is read, which takes a second for a million lines; from then on it is there at once for all connections with this policy. A reload of the policy opens it anew. Open it at file level: then start, reload and `smtpe check` find what is wrong. Raises an error with path and line when it cannot be read, has a mistake, or 100 files are open. Suspends while it is read.
---@param path string the file; a relative one lies beside the script
---@param kind? string `keys`; `networks`: each key is an address or `address/bits`; `access`: both, what is written as an address is one
---@return map_obj list the list
function map.open(path, kind) end
