---@meta
-- Made by npm run reference. Do not edit.

---The connection being served. The policy may add fields of its own.
---@class client
---@field address string the address of the client, from `hook.accept` to `hook.close`
---@field port integer its port, likewise; 0 in `+test`, and after XCLIENT with another address and without PORT
---@field host string its name by reverse DNS, lower case, without final dot; `[address]` when it has none, an address or `localhost` is none. Whoever runs the reverse zone of the address says what they like: trust `confirmed_host` only
---@field confirmed_host string|nil the same name when DNS gives it this address too (forward-confirmed), or a trusted XCLIENT said it; else nil
---@field local_address string our address; absent in `+test`
---@field id_sess string the session id, 18 characters, from `hook.accept` to `hook.close`
---@field id_trans string the transaction id, from `hook.mail` to `hook.reset`
---@field msg_file string path of the message file, from `hook.data` to `hook.reset`
---@field message_length integer size of the message in bytes, from `hook.dot` to `hook.reset`
---@field input string the command line in hand, without line end; nil before the first one. In `hook.accept` it is there only after XCLIENT. It stays until the next command, also while a message comes in; an AUTH has the password in it
---@field is_pipelining boolean true once the client sent a command before it had the reply to the last one; of the client that XCLIENT names
---@field authenticated boolean true from 235 to AUTH on, or when a trusted XCLIENT said LOGIN; until XCLIENT names another client
---@field auth_user string|nil the user who has authenticated, decoded; nil before, and after a refused AUTH
---@field auth_mechanism string|nil the mechanism, `PLAIN` or `LOGIN`, in `hook.auth`, and from then on when it succeeded; nil after XCLIENT LOGIN
---@field auth_claim string|nil in `hook.auth` only: the user whom the client claims to be, decoded
---@field auth_password string|nil in `hook.auth` only: the password, decoded. Do not log it
client = {}

---Sends part of a multi-line reply to the client; the hook then returns the last line. Suspends until the system has taken the text, at most `smtp-reply-timeout` seconds. `hook.reply` does not see it. Raises an error when there is no client (`hook.init`).
---@param smtp_reply_string string One or more whole reply lines, any bytes. A missing CRLF at the end is added; the rest is sent as it is.
---@return false|nil ok Nothing when it was sent; false when it could not be.
---@return string|nil cause Why it could not be sent.
function client.write(smtp_reply_string) end
