---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---The server, as scripts for Rumble see it (doc/rumble.md): in a policy behind `require "rumble"`.
---@class Rumble
Rumble = {}

---Has a function called at a moment of SMTP sessions, before the policy is. It returns nothing, `true` or `"okay"` to go on; `false` or `"failure"` to end the session; `"ignore"` when it has answered the client itself; a code from 400 to 599 to refuse. At the file level of a script of option load-script only.
---@param func function Called with the session table and, for `command`, the line of the client.
---@param service string `smtp`, in any case; for `pop3`, `imap4` and `mailman` nothing is called.
---@param when string `accept`, `command` or `close`, in any case.
---@param command? string Of `command`: the verb in any case. `helo` and `ehlo` are one; without it every command.
---@return boolean is_first false in workers behind the first, where it is called all the same, and for a service without hooks
function Rumble.setHook(func, service, when, command) end

---Writes a line to the log.
---@param text string A line.
function Rumble.dprint(text) end
