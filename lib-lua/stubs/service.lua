---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---What `service.wait` gives: each kind only when something of it has ended.
---@class service_results
---@field clamd clamd_results? of `service.clamd`
---@field spamd spamd_results? of `service.spamd`
---@field rspamd rspamd_results? of `service.rspamd`
---@field http http_results? of `service.http.request`
---@field client client_results? when writing to the client has failed

---The last one without `error`; all of them by number.
---@class clamd_results: clamd_result
---@field [integer] clamd_result in the order in which they ended

---What clamd says of a file.
---@class clamd_result
---@field is_infected boolean? nil when the file was not scanned
---@field signature string? the name of what was found
---@field file string as given
---@field reply string? as it came; nil without one
---@field error string? why there is no verdict or answer, else nil: test it
---@field elapsed_time number seconds
---@field service_host string who was asked, as it was written
---@field service_name string `clamd`, `spamd`, `rspamd`, `http` or `client`

---The last one without `error`; all of them by number.
---@class spamd_results: spamd_result
---@field [integer] spamd_result in the order in which they ended

---What spamd says of a message.
---@class spamd_result
---@field is_spam boolean? nil without a verdict
---@field score number? points
---@field threshold number? from how many on it is spam
---@field symbols string[]? names of rules, where the method gives them
---@field truncated boolean? true when only the beginning was judged
---@field replaced boolean? true when the message was put in the place of the one being received
---@field file string as given
---@field reply string? as it came; nil without one
---@field error string? why there is no verdict or answer, else nil: test it
---@field elapsed_time number seconds
---@field service_host string who was asked, as it was written
---@field service_name string `clamd`, `spamd`, `rspamd`, `http` or `client`

---The last one without `error`; all of them by number.
---@class rspamd_results: rspamd_result
---@field [integer] rspamd_result in the order in which they ended

---What rspamd says of a message.
---@class rspamd_result
---@field action string? `no action`, `greylist`, `add header`, `rewrite subject`, `soft reject`, `reject`
---@field score number? points
---@field required_score number? from how many on it rejects
---@field is_skipped boolean? its settings told it not to look
---@field symbols rspamd_symbols? the highest score first, and by name
---@field messages table<string, string>? texts for the client: `messages.smtp_message`
---@field subject string? of `rewrite subject`
---@field add_headers rspamd_header[]? what its milter module would add
---@field remove_headers string[]? names
---@field dkim_signature string? the value of a header
---@field file string as given
---@field reply string? as it came; nil without one
---@field error string? why there is no verdict or answer, else nil: test it
---@field elapsed_time number seconds
---@field service_host string who was asked, as it was written
---@field service_name string `clamd`, `spamd`, `rspamd`, `http` or `client`

---What has given points.
---@class rspamd_symbols
---@field [integer] rspamd_symbol the highest score first
---@field [string] rspamd_symbol by its name

---One of them.
---@class rspamd_symbol
---@field name string of the rule
---@field score number points
---@field description string? what it looks at
---@field options string[] what it has found

---A header to be added.
---@class rspamd_header
---@field name string of the header
---@field value string of the header
---@field order integer? where it is to stand, from the top; nil: anywhere

---How `service.rspamd` asks; what is not given is what is known of the client and the message.
---@class rspamd_settings
---@field timeout number? seconds; nil: 60
---@field settings table<string, any>? settings of rspamd for this message
---@field settings_id string? the name of settings that rspamd has
---@field pass_all boolean? true: all rules are looked at, also when the verdict is clear
---@field password string? of its controller
---@field deliver_to string? whose mail it is
---@field user string? who has logged in
---@field ip string? address of the client
---@field helo string? what the client says it is
---@field from string? the sender
---@field hostname string? the name of the client

---All requests, in the order in which they ended.
---@class http_results
---@field [integer] http_response match them by `url` or `id`
---@field service_name string `http`

---What came of a request.
---@class http_response
---@field id string as `service.http.request` has given it
---@field url string as given
---@field rcode integer? one of `service.http.code`; nil when there is no answer
---@field headers string as they came; empty without an answer
---@field content string any octets
---@field content_type string? without its parameters
---@field content_encoding string? as the server says
---@field date number seconds since the Epoch; 0 when absent
---@field expires number likewise
---@field last_modified number likewise
---@field location string? where redirects have led to, when they were followed
---@field error string? why there is no verdict or answer, else nil: test it
---@field elapsed_time number seconds
---@field service_host string who was asked, as it was written
---@field service_name string `clamd`, `spamd`, `rspamd`, `http` or `client`

---Writing to the client has failed.
---@class client_results
---@field [integer] client_failure in the order in which they ended

---One of them.
---@class client_failure
---@field error string? why there is no verdict or answer, else nil: test it
---@field elapsed_time number seconds
---@field service_host string who was asked, as it was written
---@field service_name string `clamd`, `spamd`, `rspamd`, `http` or `client`

---Asks other programs and servers: clamd, spamd, rspamd, web servers. Each start function returns as soon as it has a connection; any number of services work at the same time; `service.wait` suspends the hook until one or all have ended and gives their results once. Every service has a time limit, and one that failed has a result with `error`. What a hook has started and not waited for is given up when the hook ends.
---@class service
service = {}

---Has clamd scan a file for viruses; `service.wait` gives the result. A clamd on this host (socket path, 127.x, ::1, 0.0.0.0) is told the path (SCAN), and sent the content when it cannot read it; others are sent the content (INSTREAM).
---
---Result `table.clamd`: `file` (as given), `is_infected` (true only when clamd said FOUND, false only when it said OK; nil when the file was not scanned), `signature` (its name, when infected), `reply` (the raw reply line; nil without one), `error` (why there is no verdict, else nil: **test it**, a file that was not scanned is not clean), `elapsed_time` (seconds), `service_host` (the server as written in `host_list`), `service_name`.
---
---The next server is asked when one cannot be reached or closes without a word; one that could not be reached is tried last for 10 seconds. Suspends until a connection is made or all have failed.
---@param filepath string The file: `client.msg_file` (the argument of `hook.dot`) for the message being received, or any regular file.
---@param host_list? string|string[] Servers, tried in order: an array, or one string of items separated by blanks, commas or semicolons. Each is an absolute path (unix socket), `1.2.3.4`, `2001:db8::1` or a host name; all but a bare IPv6 address with an optional `:port` (default 3310), IPv6 with one as `[2001:db8::1]:port`.
---@param timeout? number Seconds, more than 0: the longest pause while the file is sent, and the longest wait for the reply behind it. Connecting has a limit of its own (option `service-connect-timeout`).
---@return boolean connected True when a connection was made; false when not: `service.wait` then has an entry with `error`.
function service.clamd(filepath, host_list, timeout) end

---Has spamd (SpamAssassin) judge a message; `service.wait` gives the result. For `client.msg_file` it is given a Return-Path line with the sender, the headers with the edits made so far, and the body; any other file as it is. A message longer than option `spamd-max-size` is judged by its beginning (`truncated` is true then).
---
---Result `table.spamd`: `file` (as given), `is_spam`, `score`, `threshold` (nil without a verdict), `symbols` (array of rule names; with SYMBOLS and REPORT, and REPORT_IFSPAM for spam), `reply` (the raw reply; nil without one), `error` (why there is no verdict, or why the message was not replaced, else nil), `elapsed_time` (seconds), `service_host`, `service_name`.
---
---PROCESS and HEADERS have the message as spamd rewrote it (HEADERS: only its headers) put in the place of the one being received, by the `service.wait` that gives the result, in `hook.dot` only: `replaced` is true then, and `header.find` sees the new headers. With any error, and when the policy edited headers in the meantime, the message stays as it was and `error` tells why. PROCESS refuses a message longer than `spamd-max-size`; HEADERS one that spamd has wrapped (its report_safe).
---
---Servers are tried as by `service.clamd`. An unknown method, or a user with control characters, raises an error. Suspends until a connection is made or all have failed.
---@param filepath string The file: `client.msg_file` (the argument of `hook.dot`) for the message being received, or any regular file.
---@param host_list? string|string[] Servers, tried in order: an array, or one string of items separated by blanks, commas or semicolons. Each is an absolute path (unix socket), `1.2.3.4`, `2001:db8::1` or a host name; all but a bare IPv6 address with an optional `:port` (default 783), IPv6 with one as `[2001:db8::1]:port`.
---@param method? string One of CHECK, SYMBOLS, REPORT, REPORT_IFSPAM, PROCESS, HEADERS.
---@param user? string Whose rules and scores apply; nil for the default of spamd.
---@param timeout? number Seconds, more than 0: the longest pause while the file is sent, and the longest wait for the reply behind it. Connecting has a limit of its own (option `service-connect-timeout`).
---@return boolean connected True when a connection was made; false when not: `service.wait` then has an entry with `error`.
function service.spamd(filepath, host_list, method, user, timeout) end

---Has rspamd judge a message, over HTTP (`/checkv2` of its normal worker or its proxy); `service.wait` gives the result. For `client.msg_file` it is given the headers with the edits made so far and the body, any other file as it is, and with both what is known of the client: its address, HELO, confirmed name, user, TLS, the sender, every recipient, and the id of the transaction. A message longer than option `rspamd-max-size` is an error.
---
---Result `table.rspamd`: `file` (as given), `action` (`no action`, `greylist`, `add header`, `rewrite subject`, `soft reject`, `reject`; what is done about it is up to the policy), `score`, `required_score`, `is_skipped` (its settings told it not to look), `symbols` (an array, the highest score first, and by name: `symbols.GTUBE`; each `{ name, score, description, options }`), `messages` (texts for the client, as `messages.smtp_message`), `subject` (of `rewrite subject`), `add_headers` (array of `{ name, value, order }`) and `remove_headers` (array of names) as its milter module wants them, `dkim_signature` (the value of a header), `reply` (its JSON), `error` (why there is no verdict, else nil: **test it**), `elapsed_time` (seconds), `service_host`, `service_name`.
---
---Servers are tried as by `service.clamd`. Suspends until a connection is made or all have failed.
---@param filepath string The file: `client.msg_file` (the argument of `hook.dot`) for the message being received, or any regular file.
---@param host_list? string|string[] Servers, tried in order: an array, or one string of items separated by blanks, commas or semicolons. Each is an absolute path (unix socket), `1.2.3.4`, `2001:db8::1` or a host name; all but a bare IPv6 address with an optional `:port` (default 11333), IPv6 with one as `[2001:db8::1]:port`.
---@param settings? rspamd_settings How it is asked; a field that is not there is an error.
---@return boolean connected True when a connection was made; false when not: `service.wait` then has an entry with `error`.
function service.rspamd(filepath, host_list, settings) end

---Waits for services and gives the results of all that have ended since the last `service.wait`: a table with the keys `clamd`, `spamd`, `rspamd`, `http` and `client`, each only if there is a result of that kind. `table.http[i]` are the results of the requests. `table.clamd`, `table.spamd` and `table.rspamd` are the result themselves, and hold all results of their kind as `[1]`, `[2]` ... in the order in which they ended; with several, the fields of the table are those of the last one without `error`. `table.client` has a result only when writing to the client failed. With nothing started the table is empty, at once.
---
---A service that failed or ran out of time has a result too, with `error`. Suspends, unless everything to be waited for has ended.
---@param for_all_flag? boolean|integer True: until all have ended. False: until at least one has ended.
---@return service_results table The results; empty when there are none.
function service.wait(for_all_flag) end

---Gives up all services that are at work, closing their connections, and forgets results not fetched. Does not suspend.
function service.reset() end

---What `service.http.request` takes in place of its arguments; a field that is not there is an error.
---@class http_request
---@field url string as the argument
---@field method string? nil: `POST` with a body, else `GET`
---@field headers table<string, string>? more headers by name, in place of ours of that name; those that rule the connection or its length cannot be given
---@field body string? content to send, any bytes
---@field body_file string? a file whose octets are the content (`client.msg_file`: the message as it was received), read while it is sent
---@field timeout number? seconds; nil: option `http-timeout`
---@field redirects integer? how many redirects are followed, 0 to 10; each place is held against `http-allow-reserved`. `location` of the result is where it came from. `Authorization` and cookies go to the first place only
---@field modified_since number|string? as the argument

---HTTP requests.
---@class service.http
service.http = {}

---HTTP status codes by name, and the names by code: `service.http.code.NOT_FOUND == 404`, `service.http.code[404] == "NOT_FOUND"`.
---@enum service.http.code
service.http.code = {
  ---no status code
  GO = 0,
  ---no status code
  DROP = 10,
  ---go on
  CONTINUE = 100,
  ---another protocol from here on
  SWITCH_PROTOCOL = 101,
  ---done
  OK = 200,
  ---something was made
  CREATED = 201,
  ---will be done
  ACCEPTED = 202,
  ---changed by a proxy
  NON_AUTH_INFO = 203,
  ---done, without content
  NO_CONTENT = 204,
  ---done, clear the form
  RESET_CONTENT = 205,
  ---a part of it
  PARTIAL_CONTENT = 206,
  ---several to choose from
  MULTIPLE_CHOICES = 300,
  ---elsewhere for good
  MOVED_PERMANENTLY = 301,
  ---elsewhere for now
  FOUND = 302,
  ---look elsewhere
  SEE_OTHER = 303,
  ---not changed since modified_since
  NOT_MODIFIED = 304,
  ---through a proxy (obsolete)
  USE_PROXY = 305,
  ---elsewhere for now, same method
  TEMPORARY_REDIRECT = 307,
  ---not understood
  BAD_REQUEST = 400,
  ---log in
  UNAUTHORIZED = 401,
  ---pay
  PAYMENT_REQUIRED = 402,
  ---refused
  FORBIDDEN = 403,
  ---not there
  NOT_FOUND = 404,
  ---not with this method
  METHOD_NOT_ALLOWED = 405,
  ---not in a form that was asked for
  NOT_ACCEPTABLE = 406,
  ---log in at the proxy
  PROXY_AUTH_REQUIRED = 407,
  ---the request took too long
  REQUEST_TIMEOUT = 408,
  ---not in this state
  CONFLICT = 409,
  ---not there any more
  GONE = 410,
  ---Content-Length missing
  LENGTH_REQUIRED = 411,
  ---a condition was not met
  PRECOND_FAILED = 412,
  ---content too large
  REQUEST_TOO_LARGE = 413,
  ---URL too long
  URI_TOO_LONG = 414,
  ---content of an unsupported kind
  UNSUPPORTED_MEDIA = 415,
  ---no such part
  RANGE_NOT_POSSIBLE = 416,
  ---an expectation was not met
  EXPECTATION_FAILED = 417,
  ---an error of the server
  INTERNAL = 500,
  ---the server cannot do that
  NOT_IMPLEMENTED = 501,
  ---the server behind it failed
  BAD_GATEWAY = 502,
  ---not now
  SERVICE_UNAVAILABLE = 503,
  ---the server behind it was too slow
  GATEWAY_TIMEOUT = 504,
  ---not this version of HTTP
  VERSION_NOT_SUPPORTED = 505,
}

---Asks a web server for something; `service.wait` gives the result. Only http and https; certificates and names are verified (option `http-ca-file` adds authorities). Without a scheme, `www.example.com/` is http. Redirects are not followed unless a table asks for it: look for `Location` in `headers`. By default no connection is made to addresses that are not on the Internet (option `http-allow-reserved`; `http-refuse` names more), whatever name leads to them. User and password of a URL are not sent.
---
---Results are `table.http[1]`, `[2]` ... in the order in which they ended; match them by `url` or `id`: `rcode` (status code; nil when there was no complete response), `headers` (status line, headers, empty line), `content` (any bytes; gzip, deflate and br are undone), `content_type` and `content_encoding` (up to the first `;`; nil when absent), `date`, `expires`, `last_modified` (seconds since the Epoch; 0 when absent), `elapsed_time` (seconds), `service_host` (host of the URL), `service_name`, `error` (why there is no complete response, else nil; `headers` and `content` are empty then).
---
---Limits: options `http-timeout`, `http-max-size`, `http-max-memory`. Something that is no http or https URL, or has control characters, gives false. Suspends until a connection is made or failed.
---@param url string|http_request An http or https URL. Blanks and 8-bit characters are percent-encoded; the fragment is not sent. Or a table with this and more.
---@param method? string GET, HEAD, POST, or any other but CONNECT; nil: HEAD.
---@param modified_since? number|string Ask for the content only if it changed since then (the answer is 304 otherwise): seconds since the Epoch, or a date as `util.date_to_time` reads it. nil, 0 and a text that is no date: always.
---@param post? string Content to send, any bytes, with Content-Length and the type `application/x-www-form-urlencoded`.
---@return boolean connected True when a connection was made; false when not: `service.wait` then has an entry with `error`.
function service.http.request(url, method, modified_since, post) end

---Text for the SMTP client outside the usual replies.
---@class service.client
service.client = {}

---Sends text to the client, behind everything sent before and in the order of the calls; the hook still has to end with the last line of a reply. Sending begins at once; `service.wait` waits until the text is on its way. A failure is `table.client.error` of `service.wait`; a success has no result. Raises an error in `hook.init`, where there is no client. Does not suspend.
---@param smtp_reply_string string Sent as it is, any bytes: line ends and codes are up to the policy.
---@param timeout? number Seconds, more than 0. Default: option `smtp-reply-timeout`.
---@return boolean queued True.
function service.client.write(smtp_reply_string, timeout) end
