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

---Creates a TCP service at the addresses of `rumble-service-address`. Its name is its port as text. An error of the function is logged, and closes the connection; a connection lasts at most `limit-session-time`. At the file level of a script of option load-script only.
---@param func function Called with the session table of each connection; when it ends the connection is closed.
---@param port integer From 1 to 65535; 0 is a free one, which the log names.
---@param threads? integer Connections that are served at once; further ones wait (`rumble-service-queue`).
---@return boolean? is_created false when the port cannot be had; nil when another worker has created the service, which this one serves, too
function Rumble.createService(func, port, threads) end

---Writes a line to the log.
---@param text string A line.
function Rumble.dprint(text) end
