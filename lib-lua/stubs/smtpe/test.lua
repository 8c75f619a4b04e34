---@meta smtpe.test
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---What `s:send` sends.
---@class smtpe.test.mail
---@field from string? the sender; nil: a@b.example; `''`: the null sender
---@field to string|string[] recipients
---@field file string? a message in a file that stands beside the test
---@field text string? a message

---How the client of `s:tls` encrypts.
---@class smtpe.test.tls
---@field version string? nil: `TLSv1.3`
---@field cipher string? its standard name; nil: `TLS_AES_256_GCM_SHA384`
---@field name string? the server that it asks for

---A message that was forwarded.
---@class smtpe.test.message
---@field host string the next hop
---@field sender string as it got it
---@field recipients string[] as it got them
---@field data string octets, dots not stuffed

---What spamd says.
---@class smtpe.test.spamd
---@field score number points
---@field threshold number? nil: 5
---@field symbols string[]? names of rules

---What rspamd says.
---@class smtpe.test.rspamd
---@field score number points
---@field required number? nil: 15
---@field action string? nil: as rspamd's own configuration has it for the score
---@field symbols table<string, number>? points by name
---@field message string? for the client

---What a function of `t.http` gets.
---@class smtpe.test.request
---@field method string as `POST`
---@field url string as it was asked for
---@field headers table<string, string> by names in lower case
---@field body string octets
---@field form table<string, string> fields of the body
---@field query table<string, string> fields of the URL

---What a web server answers.
---@class smtpe.test.response
---@field code integer? nil: 200
---@field body string? octets
---@field headers table<string, string>? by name

---What a next hop replies; where there is nil it takes everything.
---@class smtpe.test.next_hop
---@field banner string|false|nil false: it hangs up; `t.timeout`: it says nothing
---@field ehlo string|false|nil likewise
---@field mail string|false|table<string, string|false>|nil also by address
---@field rcpt string|false|table<string, string|false>|nil also by address
---@field data string|false|nil likewise
---@field dot string|false|nil likewise
---@field down boolean? true: nobody listens

---Somebody in a user database.
---@class smtpe.test.user
---@field password string? nil: he cannot log in
---@field fields table<string, string>? what the policy sees in `client.auth_fields`
---@field disabled boolean? true: he is not let in, even with his password
---@field maildir string? where his mail lies, an absolute path

---Somebody with mail.
---@class smtpe.test.mailboxes
---@field mailboxes string[]? full names, besides INBOX
---@field refuse string? why everything is refused

---A message in a mailbox.
---@class smtpe.test.stored
---@field uid integer what it is called by
---@field flags string[] `\\Seen` ...
---@field keywords string[] other words
---@field data string octets

---An entry of the store.
---@class smtpe.test.entry
---@field value string|number its text
---@field ttl integer? seconds; nil: a day

---The client of a case. It connects when it first says or expects something, from 192.0.2.1 unless `from` says otherwise, and says EHLO by itself before MAIL. While it waits for a reply time stands still: what only time would bring does not come.
---@class smtpe.test.session
local session = {}

---Says who connects. Comes first.
---@param ip string The address of the client.
---@param host? string Its name by reverse DNS, which leads back to the address; nil: it has none.
---@return smtpe.test.session session the same
function session:from(ip, host) end

---Says EHLO; `s:command('HELO x')` says the older one.
---@param name string What the client says it is.
---@return smtpe.test.session session the same
function session:helo(name) end

---The connection is encrypted from its first octet. Comes first.
---@param facts? smtpe.test.tls `{ version = 'TLSv1.3', cipher =, name = }`: what `client.tls` has; all may be left out.
---@return smtpe.test.session session the same
function session:tls(facts) end

---Logs in by AUTH PLAIN (RFC 4616), which is offered under `s:tls{}` only unless `smtp-tls-auth-only` is off.
---@param user string The name.
---@param password string The password.
---@return smtpe.test.session session the same
function session:auth(user, password) end

---Says MAIL FROM.
---@param address string Without angle brackets; `''` is the null sender.
---@param parameters? string|table<string, string|number|boolean> `'SIZE=1000'`, or `{ SIZE = 1000, SMTPUTF8 = true }`.
---@return smtpe.test.session session the same
function session:mail(address, parameters) end

---Says RCPT TO.
---@param address string Without angle brackets; `''` is the null sender.
---@return smtpe.test.session session the same
function session:rcpt(address) end

---Says DATA, and the message when it is let to; the reply is that to the dot then.
---@param text string Header and body, lines ended by LF or CRLF; dots are stuffed.
---@return smtpe.test.session session the same
function session:data(text) end

---MAIL, RCPT for each of `to`, DATA and the message. It stops where the server says no: the reply is that one. A recipient who is refused does not stop it, unless all are.
---@param message smtpe.test.mail `{ from = 'a@b.example', to = 'x@example.com' or {...}, file = 'mail/eicar.eml', text = '...' }`; all but `to` may be left out. `file` stands beside the test.
---@return smtpe.test.session session the same
function session:send(message) end

---Says any line; a NUL in it is sent as it is, to see what the server makes of it. The other methods take no CR, LF and NUL.
---@param line string As it is sent, without line end.
---@return smtpe.test.session session the same
function session:command(line) end

---Fails the case unless the last reply has this code, and this text in it. Without anything said before, the reply is the banner.
---@param code integer Of the last reply.
---@param text? string Stands in the reply.
---@return smtpe.test.session session the same
function session:expect(code, text) end

---Fails the case unless the server has closed the connection.
---@return smtpe.test.session session the same
function session:closed() end

---Fails the case unless the last message that was forwarded has this header, and with `text` one whose value has it.
---@param name string Of a header.
---@param text? string Stands in its value.
---@return smtpe.test.session session the same
function session:header(name, text) end

---Fails the case when the last message that was forwarded has such a header.
---@param name string Of a header.
---@return smtpe.test.session session the same
function session:header_absent(name) end

---Tests of policies: `local t = require 'smtpe.test'`, in files `*_test.lua` that `smtpe test` runs; see [how to test a policy](../test.md).
---
---What a test says of the outside world at the level of its file holds for each of its cases; within a case for that one only. Names, URLs and hosts of which nothing is said fail the case. Policy, store, files, clock and everybody outside are new in each case; globals and locals of the test are not.
---@class smtpe.test
local t = {}

---In the place of an answer: nobody answers in time.
t.timeout = ""

---In the place of records: there is no such name.
t.nxdomain = ""

---A case. It fails when one of its expectations does not hold, when it raises an error, and when the policy asks for something of which the test says nothing.
---@param name string What it shows, for people and `-k`.
---@param run fun(s: smtpe.test.session) Called with a session, of a client that has not connected yet.
function t.case(name, run) end

---Which policy the test is about, when that is not told by its name: files beside the test, as option `script` has them. Stands at the level of the file. Option `script` of the command line counts more.
---@param files string|string[] `'policy.lua'`, or several in their order: `{ 'local.lua', 'filter.lua' }`.
function t.policy(files) end

---One more client in the same case: what the first one has left in the store is there.
---@return smtpe.test.session session of a client that has not connected yet
function t.session() end

---What name servers answer, by name and type. Records are written as in a zone file; several in a table, none in an empty one (the name is there, without this type). Besides `t.nxdomain`, `t.timeout` or a `dns.rcode`. `default` is for all other names. Aliases are followed. The client of `s:from(ip, host)` has its names.
---@param records table<string, string|integer|string[]> `{ ['7.2.0.192.bl.example A'] = '127.0.0.2', ['b.example MX'] = { '10 mx.b.example' }, default = t.nxdomain }`.
function t.dns(records) end

---What clamd says of a message: the name of a virus, `'clean'` or `t.timeout`. By the file that `s:send` was given, or by a text that stands in the message. Once it was called, a message that nothing fits is harmless.
---@param answers table<string, string> `{ ['mail/eicar.eml'] = 'Eicar-Signature', default = 'clean' }`; `default` is for all other messages.
function t.clamd(answers) end

---What spamd says: a score, or `{ score =, threshold = 5, symbols = {...} }`, or `t.timeout`. By the file that `s:send` was given, or by a text that stands in the message. Once it was called, a message that nothing fits is harmless.
---@param answers table<string, number|string|smtpe.test.spamd> `{ ['buy now'] = 12.5, default = 0 }`; `default` is for all other messages.
function t.spamd(answers) end

---What rspamd says: a score, or `{ score =, required = 15, action =, symbols = { NAME = score }, message = }`, or `t.timeout`. Without an action it is that of rspamd's own configuration. By the file that `s:send` was given, or by a text that stands in the message. Once it was called, a message that nothing fits is harmless.
---@param answers table<string, number|string|smtpe.test.rspamd> `{ ['buy now'] = { score = 20, symbols = { BAYES_SPAM = 5 } }, default = 0 }`; `default` is for all other messages.
function t.rspamd(answers) end

---What web servers answer, by method and URL, or by URL alone: a code, a body (with code 200), `{ code =, body =, headers = {...} }`, `t.timeout`, or a function that gives one of these. It is called with `{ method =, url =, headers =, body =, form =, query = }`; `form` and `query` are the fields of body and URL, names of headers are in lower case. A URL without its query fits any query. `default` is for all other URLs.
---@param answers table<string, integer|string|smtpe.test.response|fun(q: smtpe.test.request): integer|string|smtpe.test.response> `{ ['POST http://127.0.0.1:8080/auth'] = function(q) return q.form.user == 'joe' and 200 or 403 end }`.
function t.http(answers) end

---What a next hop replies, by stage: `banner`, `ehlo`, `mail`, `rcpt`, `data`, `dot`. `mail` and `rcpt` may be tables by address. Instead of a reply `false` hangs up, `t.timeout` says nothing. `down = true`: nobody listens. It takes what it is not told to refuse. When the policy's options name no next hop, there is one that takes everything.
---@param host string As in `smtp-smart-host`: `mx.example.com:25`, `lmtp:/run/lmtp`.
---@param replies smtpe.test.next_hop `{ rcpt = { ['bad@example.com'] = '550 5.1.1 no' }, dot = '451 4.3.0 later' }`; `{}` takes everything.
function t.next_hop(host, replies) end

---Who may log in, and which recipients there are, in the place of `auth-script`, `smtp-auth-dovecot` and `rcpt-userdb`: a password, `true` for somebody who cannot log in, `{ password =, fields = {...}, disabled =, maildir = }`, `false` for nobody, `t.timeout`. `default` is for all other names. Who is asked for by these options, or by `s:auth` once this was called, and is not here fails the case.
---@param users table<string, string|boolean|smtpe.test.user> `{ ['joe@example.com'] = 'secret', ['eve@example.com'] = false }`.
function t.users(users) end

---Whose mail there is for module `storage`: `{}` for somebody with INBOX, `{ mailboxes = {...} }` with more, `{ refuse = 'why' }` when his script (`push-script`) refuses, `false`: he is not there. `default` is for all others. What is put there stays in the case: `t.stored` has it. Push scripts are not called. What next hops or a maildir get by forwarding is in `t.forwarded`.
---@param users table<string, false|smtpe.test.mailboxes> `{ ['bob@example.com'] = { mailboxes = { 'Junk' } }, default = false }`.
function t.storage(users) end

---What lies in a mailbox of `t.storage`. Fails the case when there is no such mailbox.
---@param name string Whose mail, as `storage.user` takes it.
---@param mailbox? string Its full name.
---@return smtpe.test.stored[] messages in their order
function t.stored(name, mailbox) end

---What is in the store when a case begins, or from now on. `t.timeout` instead: it cannot be reached, from now on until the next `t.store`; that on this machine (`store.open("local")`) can.
---@param entries string|table<string, string|number|smtpe.test.entry> `{ ['gl:x'] = '1', counter = { value = 7, ttl = 60 } }`; without `ttl` an entry lives a day.
function t.store(entries) end

---Files that the policy reads by `io` or `map.open`: they lie over those on the disk. A path that is not absolute begins where the policy stands. What a policy itself writes never reaches the disk.
---@param files table<string, string> `{ ['maps/domains.txt'] = 'example.com\n' }`: content by path, as the policy names it.
function t.file(files) end

---What was forwarded in the case so far: what next hops have answered with 250. Fails the case when there is no nth.
---@param n? integer Which message, from 1 on; nil: their number; 0: none, and the case fails when there is one.
---@return integer|smtpe.test.message forwarded the number of messages, or `{ host =, sender =, recipients = {...}, data = }` of the nth
function t.forwarded(n) end

---Fails the case unless a line of the log of this case fits: `level message field=value ...`. With `false` as second argument it fails when one does.
---@param pattern string A pattern of Lua.
---@param present? boolean|integer false: no line may fit.
---@return string? line the first line that fits; nil
function t.log(pattern, present) end

---The clock of a case. It begins at noon of 2026-01-03, a Saturday, UTC, and stands still until it is moved: `os.time`, `util.time`, limits of hooks, times of the store, sleeps and time-outs all go by it.
---@class smtpe.test.clock
t.clock = {}

---Written `t.clock:forward('5m')`. Moves time on. What becomes due meanwhile happens, in the order in which it is due.
---@param time string|number `'5m'`, `'1h 30m'`, `'90s'`, `'2d'`; or seconds.
function t.clock:forward(time) end

return t
