---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---What is known of the encryption of a connection.
---@class client_tls
---@field version string as `TLSv1.3`
---@field cipher string its standard name
---@field bits integer? of its key
---@field name string? the server that the client has asked for
---@field alpn string? the protocol that was agreed on
---@field resumed boolean whether it goes on with keys of an earlier connection
---@field implicit boolean from the first octet
---@field by string `smtpe`, or `proxy` where a balancer says so
---@field certificate client_certificate? nil when the client has shown none

---What a client has shown of itself: trust its texts only where `result` is `verified`.
---@class client_certificate
---@field result string `verified` or `untrusted`
---@field cause string? why it is untrusted
---@field subject string whose it is
---@field common_name string of the subject
---@field names string[] other names
---@field issuer string who has signed it
---@field serial string its number
---@field fingerprint string SHA-256, hex; empty where only a balancer has seen it
---@field not_after string when it ends (RFC 3339); empty where that is not known

---What a balancer says of a connection.
---@class client_proxy
---@field address string of the balancer
---@field port integer of the balancer
---@field version integer 1 or 2
---@field authority string? the server name that the client asked it for
---@field unique_id string? hex
---@field ["local"] boolean? true when it names nobody

---The connection being served. The policy may add fields of its own.
---@class client
---@field address string the address of the client, from `hook.accept` to `hook.close`
---@field port integer its port, likewise; 0 in `+test`, and after XCLIENT with another address and without PORT
---@field host string its name by reverse DNS, lower case, without final dot; `[address]` when it has none, an address or `localhost` is none. Whoever runs the reverse zone of the address says what they like: trust `confirmed_host` only
---@field confirmed_host string|nil the same name when DNS gives it this address too (forward-confirmed), or a trusted XCLIENT said it; else nil
---@field listener string|nil the name of the listener in `smtp-listen` that the client came to, as it is written there; nil when it has none
---@field is_tls boolean true when what the client says is encrypted
---@field tls client_tls|nil nil in clear; else `version` (`TLSv1.3`), `cipher` (its standard name), `bits`, `name` (the server that the client has asked for), `alpn`, `resumed`, `implicit` (from the first octet), `by` (`smtpe`, or `proxy` where a balancer says so), and `certificate`: nil, or what the client has shown of itself: `result` (`verified` or `untrusted`), `cause` (why it is untrusted), `subject`, `common_name`, `names` (a sequence), `issuer`, `serial`, `fingerprint` (SHA-256, hex), `not_after`. Texts are a stranger's: control characters are `?`, at most 256 bytes each. Trust them only where `result` is `verified`
---@field local_address string our address; absent in `+test`
---@field local_port integer our port; absent in `+test`, and after XCLIENT with another DESTADDR and without DESTPORT
---@field proxy client_proxy|nil what a balancer of `smtp-proxy-hosts` says of the connection, nil without one: `address` and `port` (its own), `version` (1 or 2), `authority` (the server name that the client asked it for), `unique_id` (hex), `local` (true when it names nobody: address and port of the client are then its own; a word of Lua, so write `client.proxy["local"]`). The client fields have what its header says
---@field id_sess string the session id, 18 characters, from `hook.accept` to `hook.close`
---@field id_trans string the transaction id, from `hook.mail` to `hook.reset`
---@field parameters table<string, string|true> the parameters of MAIL, from `hook.mail` to `hook.reset`: by keyword in capitals what was sent behind `=`, true where nothing was, as in `{ SIZE = "1000", SMTPUTF8 = true }`
---@field smtputf8 true|nil MAIL said SMTPUTF8: addresses may be in UTF-8. From `hook.mail` to `hook.reset`
---@field envid string|nil ENVID of MAIL (RFC 3461), decoded: any bytes, line ends too. From `hook.mail` to `hook.reset`, where DSN is announced (`smtp-dsn`)
---@field ret string|nil RET of MAIL, `FULL` or `HDRS`; likewise
---@field notify string|nil in `hook.rcpt` only: NOTIFY of this RCPT in capitals, `NEVER` or a list as `SUCCESS,DELAY`
---@field orcpt string|nil in `hook.rcpt` only: ORCPT of this RCPT, decoded, as in `rfc822;bob@example.com`: any bytes, line ends too; UTF-8 behind `utf-8;`
---@field rcpt_parameters table<string, string|true>|nil in `hook.rcpt` only: the parameters of this RCPT, as in `parameters`
---@field msg_file string path of the message file, from `hook.data` to `hook.reset`
---@field message_length integer size of the message in bytes, from `hook.dot` to `hook.reset`
---@field input string the command line in hand, without line end; nil before the first one. In `hook.accept` it is there only after XCLIENT. It stays until the next command, also while a message comes in; an AUTH has the password in it
---@field is_pipelining boolean true once the client sent a command before it had the reply to the last one; of the client that XCLIENT names
---@field authenticated boolean true from 235 to AUTH on, or when a trusted XCLIENT said LOGIN; until XCLIENT names another client
---@field auth_user string|nil the user who has authenticated, decoded, by the name that the source of log-ins gives; nil before, and after a refused AUTH
---@field auth_mechanism string|nil the mechanism, `PLAIN` or `LOGIN`, in `hook.auth`, and from then on when it succeeded; nil after XCLIENT LOGIN
---@field auth_claim string|nil in `hook.auth` only: the user whom the client claims to be, decoded
---@field auth_password string|nil in `hook.auth` only: the password, decoded. Do not log it
---@field auth_authorize string|nil in `hook.auth` only: the user for whom the client wants to act, when it is not the one whose password it gives (the authorization identity of PLAIN)
---@field auth_result string|nil in `hook.auth` only: what the sources of log-ins (`auth-script`, accounts of `rumble-database`, `smtp-auth-dovecot`) say: `ok`, `mismatch`, `unknown`, `disabled`, `expired` or `temp_fail`; nil when there is none
---@field auth_fields table<string, string>|nil what an `auth-script` has said of the user besides his name, by name; a field without a value is an empty text. From `hook.auth` on, when a script has let the user in; nil otherwise
---@field helo string|nil The argument of EHLO or HELO: of the one that is being answered, or that was accepted last; nil before, and after STARTTLS or XCLIENT.
---@field sender string|nil The address of MAIL as `hook.mail` gets it, empty for the null sender, from `hook.mail` to `hook.reset`; nil outside of a transaction. `client.set_sender` does not change it.
---@field recipients string[]|nil The addresses that RCPT has named and that were accepted, in their order and as `hook.rcpt` gets them; not yet the one in hand. A new array after each RCPT, from `hook.mail` to `hook.reset`; nil outside of a transaction. `client.add_recipient` and `client.remove_recipient` do not change it.
client = {}

---Has the message go on from this sender: to the next hop, or to `hook.forward` as its argument. All parameters of MAIL stay. From `hook.mail` to `hook.dot`; earlier and later it raises an error, as for what is no address by the rules of MAIL and RCPT (UTF-8 only where MAIL has said SMTPUTF8). It ends with the transaction, and what `hook.rcpt` changes ends when that RCPT is refused. `client.sender`, `spf.check` and whoever else judges the sender go by what the client has said. In `hook.mail` the next hop is asked about this one (`smtp-forward-at`); changed later the transaction with it begins anew before the content. Does not suspend.
---@param address string The address without brackets; empty for the null sender.
---@return boolean changed False when it was the sender already.
function client.set_sender(address) end

---Has the message go to this recipient, too. The client does not hear of it: no reply names the address. From `hook.mail` to `hook.dot`; earlier and later it raises an error, as for what is no address by the rules of MAIL and RCPT (UTF-8 only where MAIL has said SMTPUTF8). It ends with the transaction, and what `hook.rcpt` changes ends when that RCPT is refused. Recipients that are added stand behind those of the client; more than `limit-recipients` of them is an error. Sources of recipients are not asked about them, and the next hop only before the content: one that it refuses is dealt with as `smtp-partial` has it, so that as a rule nobody gets the message and the client hears 451. A failure is told to the sender unless `NOTIFY=NEVER` is given and the next hop offers DSN. With REQUIRETLS it goes for this recipient, too. Does not suspend.
---@param address string The address without brackets.
---@param parameters? string What would stand behind it in RCPT, as in `NOTIFY=NEVER`.
---@return boolean added False when it is a recipient already.
function client.add_recipient(address, parameters) end

---Has the message not go to this recipient: one that RCPT has named or `client.add_recipient` has added; in `hook.rcpt` also the one in hand, whom nobody else is asked about then. The client hears 250 all the same. From `hook.mail` to `hook.dot`; earlier and later it raises an error, as for what is no address by the rules of MAIL and RCPT (UTF-8 only where MAIL has said SMTPUTF8). It ends with the transaction, and what `hook.rcpt` changes ends when that RCPT is refused. A message without any recipient that is left goes to nobody: `hook.forward` is not called, and `smtp-default-at-dot` decides, so that the client hears 451 as a rule. Does not suspend.
---@param address string The address; the domain in upper or lower case.
---@return boolean removed False when it is no recipient.
function client.remove_recipient(address) end

---Sends part of a multi-line reply to the client; the hook then returns the last line. Suspends until the system has taken the text, at most `smtp-reply-timeout` seconds. `hook.reply` does not see it. Raises an error when there is no client (`hook.init`).
---@param smtp_reply_string string One or more whole reply lines, any bytes. A missing CRLF at the end is added; the rest is sent as it is.
---@return false|nil ok Nothing when it was sent; false when it could not be.
---@return string|nil cause Why it could not be sent.
function client.write(smtp_reply_string) end
