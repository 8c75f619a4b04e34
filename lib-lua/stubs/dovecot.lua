---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---What `request` of a client takes.
---@class dovecot_http_about
---@field url string http or https
---@field method string? nil: GET

---Lines of the log with something in front of them, a name and fields.
---@class dovecot_event
local dovecot_event = {}

---Text in front of its lines, behind that of its parents.
---@param prefix string the text
---@return dovecot_event event itself
function dovecot_event:append_log_prefix(prefix) end

---Text in front of its lines, instead of all other.
---@param prefix string the text
---@return dovecot_event event itself
function dovecot_event:replace_log_prefix(prefix) end

---The name, field `event` of its lines.
---@param name string the name
---@return dovecot_event event itself
function dovecot_event:set_name(name) end

---A field of its lines.
---@param key string name of the field
---@param value string the text
---@return dovecot_event event itself
function dovecot_event:add_str(key, value) end

---A field of its lines.
---@param key string name of the field
---@param value integer the number
---@return dovecot_event event itself
function dovecot_event:add_int(key, value) end

---A field of its lines.
---@param key string name of the field
---@param value integer Unix seconds
---@return dovecot_event event itself
function dovecot_event:add_timeval(key, value) end

---Adds to a field, which begins at 0.
---@param key string name of the field
---@param by integer may be negative
---@return dovecot_event event itself
function dovecot_event:inc_int(key, by) end

---A line.
---@param text string the line
---@return dovecot_event event itself
function dovecot_event:log_debug(text) end

---A line.
---@param text string the line
---@return dovecot_event event itself
function dovecot_event:log_info(text) end

---A line.
---@param text string the line
---@return dovecot_event event itself
function dovecot_event:log_warning(text) end

---A line.
---@param text string the line
---@return dovecot_event event itself
function dovecot_event:log_error(text) end

---An event that ends with one call of `log_*`.
---@return dovecot_event event below this one
function dovecot_event:passthrough_event() end

---Settings for requests.
---@class dovecot_http_client
local dovecot_http_client = {}

---A request that is not sent yet.
---@param about dovecot_http_about where to, and how
---@return dovecot_http_request request 
function dovecot_http_client:request(about) end

---A request.
---@class dovecot_http_request
local dovecot_http_request = {}

---Sets a header; one of that name before is gone.
---@param name string a token
---@param value string without CR, LF and NUL
function dovecot_http_request:add_header(name, value) end

---Takes one back.
---@param name string a token
function dovecot_http_request:remove_header(name) end

---What is sent.
---@param payload string octets
function dovecot_http_request:set_payload(payload) end

---Sends it. A failure of the network is a response with a status from 9000, never an error.
---@return dovecot_http_response response 
function dovecot_http_request:submit() end

---What came.
---@class dovecot_http_response
local dovecot_http_response = {}

---The code; from 9000: what failed.
---@return integer code 
function dovecot_http_response:status() end

---The phrase of the server, or what failed.
---@return string text 
function dovecot_http_response:reason() end

---The content.
---@return string octets 
function dovecot_http_response:payload() end

---The first field of that name.
---@param name string in any case
---@return string value empty when there is none
function dovecot_http_response:header(name) end

---Keys with texts.
---@class dovecot_dict
local dovecot_dict = {}

---The values of a key. Raises when it cannot be looked up.
---@param key string begins with `shared/` or `priv/`
---@param user? string of whom `priv/` keys are
---@return string[]? values nil when the key is not there
function dovecot_dict:lookup(key, user) end

---For `for key, values in dict:iterate(prefix, flags) do`. Raises when it cannot be read.
---@param prefix string of the keys
---@param flags integer a sum of 1 deeper too, 2 sorted by key, 4 sorted by value, 8 without values, 16 the key itself
---@param user? string of whom `priv/` keys are
---@return function step and its state
function dovecot_dict:iterate(prefix, flags, user) end

---Changes that happen together, or not.
---@param user? string of whom `priv/` keys are
---@return dovecot_dict_transaction transaction 
function dovecot_dict:transaction_begin(user) end

---Changes that wait for their commit; one that is forgotten has never been.
---@class dovecot_dict_transaction
local dovecot_dict_transaction = {}

---Sets a value.
---@param key string begins with `shared/` or `priv/`
---@param value string at most 262,144 octets
function dovecot_dict_transaction:set(key, value) end

---Takes a key away.
---@param key string begins with `shared/` or `priv/`
function dovecot_dict_transaction:unset(key) end

---Adds to a number; a key that is not there counts as 0.
---@param key string begins with `shared/` or `priv/`
---@param by integer may be negative
function dovecot_dict_transaction:atomic_inc(key, by) end

---Has no effect: no form keeps times.
---@param time { tv_sec: integer, tv_nsec: integer } `tv_sec` and `tv_nsec`
function dovecot_dict_transaction:set_timestamp(time) end

---Does all of them. Raises when none is done.
function dovecot_dict_transaction:commit() end

---Does none.
function dovecot_dict_transaction:rollback() end

---What functions of authentication scripts are called with. It has fields too: `user`, `password`, `service`, `remote_ip` and the other names that Dovecot has.
---@class dovecot_auth_request
local dovecot_auth_request = {}

---Whether a password is that of a stored one with its scheme.
---@param stored string as `{SHA512-CRYPT}$6$...`
---@param password string in clear
---@return integer result 1: it is; 0: it is not; -1: the stored one cannot be read
function dovecot_auth_request:password_verify(stored, password) end

---A template with its variables replaced.
---@param template string as `%{user}`
---@return string text 
function dovecot_auth_request:var_expand(template) end

---Words of a template as fields of an answer.
---@param template string as `home=/home/%{user} uid=vmail`
---@return table<string, string> fields 
function dovecot_auth_request:response_from_template(template) end

---A new event below that of the request.
---@return dovecot_event event 
function dovecot_auth_request:event() end

---A line of the log.
---@param text string a line
function dovecot_auth_request:log_debug(text) end

---A line of the log.
---@param text string a line
function dovecot_auth_request:log_info(text) end

---A line of the log.
---@param text string a line
function dovecot_auth_request:log_warning(text) end

---A line of the log.
---@param text string a line
function dovecot_auth_request:log_error(text) end

---What scripts for Dovecot find under this name, for policies that call functions of such scripts (doc/dovecot.md). It is loaded when a policy first names it. Numbers of arguments are checked, as there: one too many is an error.
---@class dovecot
dovecot = {}

---A line of the log, with the id of the session.
---@param text string a line
function dovecot.i_debug(text) end

---A line of the log, with the id of the session.
---@param text string a line
function dovecot.i_info(text) end

---A line of the log, with the id of the session.
---@param text string a line
function dovecot.i_warning(text) end

---A line of the log, with the id of the session.
---@param text string a line
function dovecot.i_error(text) end

---A new event.
---@param parent? dovecot_event what it has its prefix and fields from
---@return dovecot_event event 
function dovecot.event(parent) end

---A dict: `file:/path`, Dovecot's text file, or `redis:host=127.0.0.1:port=6379:prefix=x/`. Raises when the name is none.
---@param name string which one
---@return dovecot_dict dict nothing is opened before it is used
function dovecot.dict(name) end

---Whether all these bits are set.
---@param value integer a whole number
---@param flag integer bits
---@return boolean set 
function dovecot.has_flag(value, flag) end

---With these bits.
---@param value integer a whole number
---@param flag integer bits
---@return integer value 
function dovecot.set_flag(value, flag) end

---Without these bits.
---@param value integer a whole number
---@param flag integer bits
---@return integer value 
function dovecot.clear_flag(value, flag) end

---From now on a global that nobody has declared is an error.
---@param on boolean nil and false: no more
function dovecot.restrict_global_variables(on) end

---Requests to web servers, by the rules of Dovecot. Options `http-refuse` and `http-allow-reserved` count.
---@class dovecot.http
dovecot.http = {}

---A client with settings of Dovecot 2.3 or 2.4; what is unknown has no effect but a warning.
---@param settings table<string, string|number|boolean> such as `{ request_timeout_msecs = 5000 }`
---@return dovecot_http_client client 
function dovecot.http.client(settings) end

---Base64 (RFC 4648 section 4).
---@class dovecot.base64
dovecot.base64 = {}

---Octets as base64.
---@param octets string any
---@return string text 
function dovecot.base64.encode(octets) end

---What base64 stands for.
---@param text string other characters are passed over
---@return string? octets nil: it is none
function dovecot.base64.decode(text) end

---What functions of authentication scripts return, and what they are called with.
---@class dovecot.auth
dovecot.auth = {}

---
dovecot.auth.PASSDB_RESULT_OK = 1

---
dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH = 0

---
dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE = -1

---
dovecot.auth.PASSDB_RESULT_SCHEME_NOT_AVAILABLE = -2

---
dovecot.auth.PASSDB_RESULT_USER_UNKNOWN = -3

---
dovecot.auth.PASSDB_RESULT_USER_DISABLED = -4

---
dovecot.auth.PASSDB_RESULT_PASS_EXPIRED = -5

---
dovecot.auth.PASSDB_RESULT_NEXT = -6

---
dovecot.auth.USERDB_RESULT_OK = 1

---
dovecot.auth.USERDB_RESULT_INTERNAL_FAILURE = -1

---
dovecot.auth.USERDB_RESULT_USER_UNKNOWN = -2

---A request with these fields, for a function of an authentication script that the policy has required.
---@param fields table<string, string> such as `{ user = "a@example.com", password = "x", remote_ip = client.address }`
---@return dovecot_auth_request request as such a function gets it
function dovecot.auth.request(fields) end
