---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---How `smtp.sendfile` and `smtp.sendstring` have ended.
---@class smtp_last
---@field code integer of the deciding reply, or one of `smtp.code` where there was none
---@field text string? that reply; nil when there was none
---@field error string? the cause in words; nil when there was a reply
---@field host string? the next hop, as written in `hosts`
---@field stage string? where it ended when not ok: connect, banner, helo, starttls, auth, mail, rcpt, data, content or dot
---@field tls smtp_last_tls? nil in clear text

---TLS with a next hop.
---@class smtp_last_tls
---@field version string as `TLSv1.3`
---@field cipher string its standard name
---@field verified boolean whether the certificate is right
---@field cause string? why it is not

---What is to be other than usual for one message.
---@class smtp_options
---@field ret string? `FULL` or `HDRS` (DSN)
---@field envid string? any text, at most 100 bytes (DSN)
---@field rcpt smtp_rcpt_options[]? for each recipient, in their order
---@field tls string? option `smtp-forward-tls`
---@field tls_pin string? option `smtp-forward-tls-pin`
---@field tls_cert string? option `smtp-forward-tls-cert`
---@field user string? option `smtp-forward-user`
---@field password_file string? option `smtp-forward-password-file`

---What DSN says of a recipient.
---@class smtp_rcpt_options
---@field notify string? as `NEVER` or `SUCCESS,FAILURE`
---@field orcpt string? as `rfc822;bob@example.com`

---Sends mail to other servers (RFC 5321), and asks them whether they would take it.
---@class smtp
smtp = {}

---Reply codes by name, and names by code: `smtp.code.OK` is 250, `smtp.code[250]` is `OK`.
---@enum smtp.code
smtp.code = {
  ---System status or help.
  STATUS = 211,
  ---Help.
  HELP = 214,
  ---Ready, the banner.
  WELCOME = 220,
  ---Closing, the reply to QUIT.
  GOODBYE = 221,
  ---Authenticated (RFC 4954 section 6).
  AUTH_OK = 235,
  ---Done.
  OK = 250,
  ---Not local, will be forwarded; counts as accepted.
  USER_NOT_LOCAL = 251,
  ---Waiting for the message.
  WAITING = 354,
  ---Not available, the connection is closed.
  CLOSING = 421,
  ---A password transition is needed (RFC 4954 section 6).
  AUTH_MECHANISM = 432,
  ---Mailbox not available at present.
  BUSY = 450,
  ---Local error, try again later.
  TRY_AGAIN_LATER = 451,
  ---Not enough storage, or too many recipients.
  NO_STORAGE = 452,
  ---Temporary authentication failure (RFC 4954 section 6).
  AUTH_TEMP = 454,
  ---Syntax error, command not recognised.
  BAD_SYNTAX = 500,
  ---Syntax error in arguments.
  BAD_ARGUMENTS = 501,
  ---Command not implemented.
  UNKNOWN_COMMAND = 502,
  ---Bad sequence of commands.
  BAD_SEQUENCE = 503,
  ---Parameter not implemented.
  UNKNOWN_PARAM = 504,
  ---Authentication required (RFC 4954 section 6).
  AUTH_REQUIRED = 530,
  ---Authentication mechanism too weak (RFC 4954 section 6).
  AUTH_WEAK = 534,
  ---Authentication credentials invalid (RFC 4954 section 6).
  AUTH_FAIL = 535,
  ---Encryption required for this mechanism (RFC 4954 section 6).
  AUTH_ENCRYPT = 538,
  ---Refused, or mailbox not available.
  REJECT = 550,
  ---User not local.
  UNKNOWN_USER = 551,
  ---Storage exceeded, or message too large.
  OVER_QUOTA = 552,
  ---Mailbox name not allowed.
  BAD_ADDRESS = 553,
  ---Transaction failed.
  TRANSACTION_FAILED = 554,
  ---No reply: the dialogue made no sense, or was given up.
  ERROR = 100,
  ---No reply: no connection.
  ERROR_CONNECT = 110,
  ---No reply within the time allowed.
  ERROR_TIMEOUT = 120,
  ---No reply: the connection was closed.
  ERROR_EOF = 130,
  ---No reply: an error while sending or receiving.
  ERROR_IO = 140,
}

---Sends a file. Raises an error that names the path when the file cannot be read. Line ends are made CRLF, dots are stuffed; a message with BODY=BINARYMIME is not sent, 554 5.6.3. The next host is tried when one cannot be reached, does not greet, breaks off or answers 421 before it had the whole message; never when it has refused the message or all recipients, and never once the final dot was sent: `last.stage` is `dot` and `last.code` one of `smtp.code.ERROR...` when its reply did not come, and the message may have been taken.
---
---Each step has a deadline (options `smtp-accept-timeout`, `smtp-command-timeout`, `smtp-data-timeout`, `smtp-dot-timeout`). STARTTLS is used as option `smtp-forward-tls` says. Connections are kept for the next message (option `smtp-forward-connections`). Nothing is sent when all recipients are refused. That no host can be used is no error: the first result is false and a log line tells why. What MAIL or RCPT would not take as an address raises an error, whatever stands in it; a source route is taken off. In a transaction with SMTPUTF8 addresses may be in UTF-8, and SMTPUTF8 is said where it is needed; a next hop without it gets domains in A-labels, and what is not ASCII even so is refused here with 554 5.6.7, a recipient with 553 5.6.7. In a transaction with REQUIRETLS nothing is sent to a next hop that does not offer it over TLS with a valid certificate: 550 5.7.30. **Suspends.**
---@param hosts string[] Next hops, tried in order: `host`, `1.2.3.4`, `2001:db8::1`, each but a bare IPv6 address with an optional `:port`, or `[2001:db8::1]:2525`. The port is 25 when none is given. `/tls` behind it and `lmtp:` in front of it are as in option `smtp-smart-host`; `maildir:` and `accounts:` are not possible here. At least one.
---@param mail string The sender without angle brackets, e.g. the argument of `hook.mail`; the empty string for the null sender.
---@param rcpts string[] The recipients without angle brackets, e.g. those of `hook.forward`. At least one.
---@param spool? string Path of the message, e.g. the argument of `hook.forward`; nil: stop after the last recipient (call-ahead), nothing is sent.
---@param options? smtp_options An addition to the API text: parameters of DSN, passed on where they are offered, and options of smtpe for this message; those of the process about log-in and certificate are for `smtp-smart-host` only.
---@return boolean ok True when the next hop took the message (2xx to the final dot, at least one recipient taken); without a message, when it answered 2xx to the last recipient.
---@return integer n_rcpt_ok Number of recipients answered 2xx.
---@return string[] rcpt_result The reply to each recipient in the order of `rcpts`, e.g. `550 5.1.1 unknown`; lines of a longer one are joined by `\n`. Empty when no recipient was asked; shorter than `rcpts` when the dialogue broke off.
---@return smtp_last last An addition to the API text: how it ended, see the table.
function smtp.sendfile(hosts, mail, rcpts, spool, options) end

---Sends a string. Line ends are made CRLF, dots are stuffed. The next host is tried when one cannot be reached, does not greet, breaks off or answers 421 before it had the whole message; never when it has refused the message or all recipients, and never once the final dot was sent: `last.stage` is `dot` and `last.code` one of `smtp.code.ERROR...` when its reply did not come, and the message may have been taken.
---
---Each step has a deadline (options `smtp-accept-timeout`, `smtp-command-timeout`, `smtp-data-timeout`, `smtp-dot-timeout`). STARTTLS is used as option `smtp-forward-tls` says. Connections are kept for the next message (option `smtp-forward-connections`). Nothing is sent when all recipients are refused. That no host can be used is no error: the first result is false and a log line tells why. What MAIL or RCPT would not take as an address raises an error, whatever stands in it; a source route is taken off. In a transaction with SMTPUTF8 addresses may be in UTF-8, and SMTPUTF8 is said where it is needed; a next hop without it gets domains in A-labels, and what is not ASCII even so is refused here with 554 5.6.7, a recipient with 553 5.6.7. In a transaction with REQUIRETLS nothing is sent to a next hop that does not offer it over TLS with a valid certificate: 550 5.7.30. **Suspends.**
---@param hosts string[] Next hops, tried in order: `host`, `1.2.3.4`, `2001:db8::1`, each but a bare IPv6 address with an optional `:port`, or `[2001:db8::1]:2525`. The port is 25 when none is given. `/tls` behind it and `lmtp:` in front of it are as in option `smtp-smart-host`; `maildir:` and `accounts:` are not possible here. At least one.
---@param mail string The sender without angle brackets, e.g. the argument of `hook.mail`; the empty string for the null sender.
---@param rcpts string[] The recipients without angle brackets, e.g. those of `hook.forward`. At least one.
---@param message? string The message, headers and body; any line ends. The empty string is an empty message. Nil: stop after the last recipient.
---@param options? smtp_options An addition to the API text: parameters of DSN, passed on where they are offered, and options of smtpe for this message; those of the process about log-in and certificate are for `smtp-smart-host` only.
---@return boolean ok True when the next hop took the message (2xx to the final dot, at least one recipient taken); without a message, when it answered 2xx to the last recipient.
---@return integer n_rcpt_ok Number of recipients answered 2xx.
---@return string[] rcpt_result The reply to each recipient in the order of `rcpts`, e.g. `550 5.1.1 unknown`; lines of a longer one are joined by `\n`. Empty when no recipient was asked; shorter than `rcpts` when the dialogue broke off.
---@return smtp_last last An addition to the API text: how it ended, see the table.
function smtp.sendstring(hosts, mail, rcpts, message, options) end

---The message goes to these next hops instead of those of `smtp-smart-host`. In `hook.rcpt` it counts for the recipient in hand, in `hook.mail` for all that `hook.rcpt` does not send elsewhere. A message has one route, that of the first recipient accepted; a recipient of another one gets `452 4.5.3`, so that its sender tries it in a message of its own. The next hop is asked when the client says MAIL and RCPT, as option `smtp-forward-at` has it. Called again it replaces what was said before. Raises an error for a host that is none, and outside of these two hooks. An addition to the API text.
---@param hosts string[] Next hops, tried in order, each as in option `smtp-smart-host`: `host`, `host:port`, `[2001:db8::1]:25`, `host/tls`, `lmtp:host:port`, `lmtp:PATH`, `maildir:PATH` or `accounts:`. At least one.
function smtp.route(hosts) end
