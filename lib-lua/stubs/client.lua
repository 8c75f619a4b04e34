---@meta
-- Made by npm run reference. Do not edit.

---The connection being served. The policy may add fields of its own.
---@class client
---@field address string the address of the client, from `hook.accept` to `hook.close`
---@field port integer its port, likewise; 0 in `+test`
---@field host string its name by reverse DNS, lower case, without final dot; `[address]` when it has none, an address or `localhost` is none. Whoever runs the reverse zone of the address says what they like: trust `confirmed_host` only
---@field confirmed_host string|nil the same name when DNS gives it this address too (forward-confirmed), or a trusted XCLIENT said it; else nil
---@field local_address string our address; absent in `+test`
---@field id_sess string the session id, 18 characters, from `hook.accept` to `hook.close`
---@field id_trans string the transaction id, from `hook.mail` to `hook.reset`
---@field msg_file string path of the message file, from `hook.data` to `hook.reset`
---@field message_length integer size of the message in bytes, from `hook.dot` to `hook.reset`
---@field input string the command line, without line end, in every hook of a command
---@field is_pipelining boolean true once the client sent a command before it had the reply to the last one
---@field auth_mechanism string the mechanism of the last AUTH, `PLAIN` or `LOGIN`; from `hook.auth` on
---@field auth_user string the user name of the last AUTH, decoded, whether it was right or not; from `hook.auth` on
client = {}

---Sends part of a multi-line reply to the client; the hook then returns the last line. Suspends until the system has taken the text, at most `smtp-reply-timeout` seconds. `hook.reply` does not see it. Raises an error when there is no client (`hook.init`).
---@param smtp_reply_string string One or more reply lines with CRLF; it is sent as it is, any bytes.
---@return false|nil ok Nothing when it was sent; false when it could not be.
---@return string|nil cause Why it could not be sent.
function client.write(smtp_reply_string) end
