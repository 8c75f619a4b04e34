---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---A client, as a hook or a service has it: a new table for each call, which may be written to. When the client has gone, or the call is over, nothing is sent and nothing received, without an error.
---@class rumble_session
---@field protocol string `IPv4` or `IPv6`, by the address of the client
---@field address string of the client, as text
---@field service string `smtp`, or the port as text
---@field port integer? ours
---@field helo string? in hooks: the argument of HELO or EHLO
---@field sender string? in hooks: of the transaction, without brackets
---@field recipients string[]? in hooks: those that were accepted
---@field send fun(self: rumble_session, ...: string|number) sends its arguments one after the other; waits until the system has taken them (`smtp-reply-timeout`). A number in front announces how many octets of what follows are sent, others are text; nil and booleans are passed over
---@field receive fun(self: rumble_session): string, integer, string? the next line without its end, its length, and nil; `""`, 0 and `"timeout"` or `"closed"` when there is none within `rumble-receive-timeout`. The rest of a line longer than `limit-line-length` is the next. In a hook it is a line of the dialogue, which the engine then does not see
---@field receivebytes fun(self: rumble_session, count: integer): string, integer so many octets and their number; fewer when the client has closed its side or the time is over; `""` and -1 when nothing came. More than `rumble-receive-max` is an error
---@field lock fun(self: rumble_session) waits until nobody else holds the lock of this service, and has it until `unlock` or the end of the call. It holds within one worker
---@field unlock fun(self: rumble_session) gives the lock back

---The server, as scripts for Rumble see it (doc/rumble.md): in a policy behind `require "rumble"`.
---@class Rumble
Rumble = {}

---Has a function called at a moment of SMTP sessions, before the policy is. It returns nothing, `true` or `"okay"` to go on; `false` or `"failure"` to end the session; `"ignore"` when it has answered the client itself; a code from 400 to 599 to refuse. At the file level of a script of option load-script only.
---@param func fun(session: rumble_session, line: string?): any Called with the session table and, for `command`, the line of the client.
---@param service string `smtp`, in any case; for `pop3`, `imap4` and `mailman` nothing is called.
---@param when string `accept`, `command` or `close`, in any case.
---@param command? string Of `command`: the verb in any case. `helo` and `ehlo` are one; without it every command.
---@return boolean is_first false in workers behind the first, where it is called all the same, and for a service without hooks
function Rumble.setHook(func, service, when, command) end

---Creates a TCP service at the addresses of `rumble-service-address`. Its name is its port as text. An error of the function is logged, and closes the connection; a connection lasts at most `limit-session-time`. At the file level of a script of option load-script only.
---@param func fun(session: rumble_session) Called with the session table of each connection; when it ends the connection is closed.
---@param port integer From 1 to 65535; 0 is a free one, which the log names.
---@param threads? integer Connections that are served at once; further ones wait (`rumble-service-queue`).
---@return boolean? is_created false when the port cannot be had; nil when another worker has created the service, which this one serves, too
function Rumble.createService(func, port, threads) end

---Lets nobody in any more; sessions that are open go on. In this worker it is done when the function returns, the others follow at once. An unknown name does nothing. Needs `control` in `rumble-allow`.
---@param name string `smtp`, `mailman`, or the port of a service of a script as text.
function Rumble.suspendService(name) end

---Ends a suspension; of a service that runs or is stopped nothing changes. In this worker it is done when the function returns, the others follow at once. An unknown name does nothing. Needs `control` in `rumble-allow`.
---@param name string `smtp`, `mailman`, or the port of a service of a script as text.
function Rumble.resumeService(name) end

---Lets nobody in any more and ends open sessions: SMTP clients get 421, a message that is being handed on may come to its end within `shutdown-timeout`. In this worker it is done when the function returns, the others follow at once. An unknown name does nothing. Needs `control` in `rumble-allow`.
---@param name string `smtp`, `mailman`, or the port of a service of a script as text.
function Rumble.stopService(name) end

---Starts a service that is stopped, at the port that it had. In this worker it is done when the function returns, the others follow at once. An unknown name does nothing. Needs `control` in `rumble-allow`.
---@param name string `smtp`, `mailman`, or the port of a service of a script as text.
function Rumble.startService(name) end

---What there is to say of a service in this worker. Names are case-sensitive; `pop3` and `imap4` are none here.
---@param name string `smtp`, `mailman`, or the port of a service of a script as text.
---@return { workers: integer, busy: integer, idle: integer, enabled: integer, sessions: integer, sent: integer, received: integer, rejected: integer, capabilities: string }? facts nil when there is no such service; else integers `workers` (connections served at once, 0 without a limit), `busy`, `idle`, `enabled` (1 running, 2 suspended, 0 stopped), `sessions` (since the start), `sent` and `received` (octets), `rejected`, and the text `capabilities`
function Rumble.serviceInfo(name) end

---The traffic of a service in this worker, by hours.
---@param name string `smtp`, `mailman`, or the port of a service of a script as text.
---@return integer[][]? hours hours with traffic, the newest first, at most 170, each `{ hits, octets, rejections }`; nil for an unknown name
function Rumble.trafficInfo(name) end

---What there is to say of the server.
---@return { version: string, path: string, uptime: integer, os: string, arch: integer } facts `version` of smtpe, `path` (working directory), `uptime` (seconds of this worker), `os` (`Linux`, else `POSIX compatible system`), `arch` (64)
function Rumble.serverInfo() end

---The scripts that are loaded: smtpe has no modules in C.
---@return { title: string, description: string, author: string, file: string }[] modules an entry for each script of option load-script, with texts `title`, `file`, `description` and `author`, the last two empty
function Rumble.listModules() end

---The value of an option as text; of passwords and tokens, of the files that they lie in, and of `auth-script-settings` nothing is told.
---@param key string An option of smtpe, or one of servername, smtpport, bindtoaddress, messagesizelimit, storagefolder, datafolder, databaseengine, enablesmtp, enablepop3, enableimap4, forceipv4, blockoutgoingmail, unix, linux, architecture, config-dir; case does not matter.
---@return string? value nil for what is not set, or empty
function Rumble.readConfig(key) end

---The last 200 lines of the log of this worker since it was started with option load-script, of at most 500 octets.
---@return string[] lines the newest first, each `YYYY/MM/DD HH:MM:SS [service]:`, blank, tab, blank, text, CRLF; time is UTC
function Rumble.getLog() end

---Does nothing but a log line: a reload is asked for by SIGHUP.
function Rumble.reloadModules() end

---Does nothing but a log line: a reload is asked for by SIGHUP.
function Rumble.reloadConfiguration() end

---Gives nothing: there are no modules in C.
function Rumble.getmoduleconfig() end

---Does nothing: there are no modules in C.
function Rumble.setmoduleconfig() end

---Writes a line to the log.
---@param text string A line.
function Rumble.dprint(text) end
