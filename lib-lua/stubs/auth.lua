---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---What `auth.add` and `auth.results` take.
---@class auth_given
---@field spf spf_result? of `spf.check`
---@field dkim dkim_signature[]? of `dkim.verify`
---@field dmarc dmarc_result? of `dmarc.check`
---@field arc arc_chain? of `arc.verify`
---@field iprev boolean? true: whether `client.host` is confirmed
---@field auth boolean? true: `client.auth_user`

---What `auth.parse` gives.
---@class auth_results
---@field id string who says so
---@field results auth_result[] in the order of the header; empty for `none`

---One of them.
---@class auth_result
---@field method string lower case: `spf`, `dkim`, `dmarc` ...
---@field result string lower case
---@field reason string? as it is written, without quotes
---@field properties table<string, string> by name, lower case (`smtp.mailfrom`, `header.d`); of two of a name the first

---Authentication-Results (RFC 8601): what was found out about the sender of a message, written into it for filters and mail programs behind us, and headers with our name that a stranger wrote, removed. Nothing that a stranger sent gets out of its place in the header: domains are left out unless they are host names in ASCII, other values are quoted, octets that are not printable ASCII become `?`.
---@class auth
auth = {}

---Writes an Authentication-Results header at the top of the message, below the Received header of `smtp-received`. With option `authres-remove=auto` headers with our name that came with the message are removed first, unless the client is one of `authres-trusted-hosts`. To be called from `hook.eoh` to `hook.dot`; earlier and later it raises an error, as for a table that is no result. Does nothing outside a transaction. Counts against `limit-header-edits`. Does not suspend.
---@param results? auth_given Fields `spf` (of `spf.check`), `dkim` (of `dkim.verify`), `dmarc` (of `dmarc.check`), `arc` (of `arc.verify`), `iprev` (true: whether `client.host` is confirmed) and `auth` (true: `client.auth_user`). What is left out is not mentioned; none at all: `none`.
function auth.add(results) end

---The value that `auth.add` would write, without writing it. Does not suspend.
---@param results? auth_given Fields `spf` (of `spf.check`), `dkim` (of `dkim.verify`), `dmarc` (of `dmarc.check`), `arc` (of `arc.verify`), `iprev` (true: whether `client.host` is confirmed) and `auth` (true: `client.auth_user`). What is left out is not mentioned; none at all: `none`.
---@return string value The value, folded with CRLF and a tab.
function auth.results(results) end

---Removes the Authentication-Results headers that say they are of one of these names, without regard to case and to a final dot, and those that cannot be read. Those of other names stay, and so does ARC-Authentication-Results. It removes what `auth.add` has written, too: call it before. To be called from `hook.eoh` to `hook.dot`; 0 outside a transaction. `dkim.verify` still sees them. Does not suspend.
---@param id? string|string[] A name that is ours, or an array of names. None at all: option `authserv-id`, else our host name.
---@param id2? string|string[] A name that is ours, or an array of names. None at all: option `authserv-id`, else our host name.
---@param id3? string|string[] A name that is ours, or an array of names. None at all: option `authserv-id`, else our host name.
---@param id4? string|string[] A name that is ours, or an array of names. None at all: option `authserv-id`, else our host name.
---@return integer removed How many were removed.
function auth.remove(id, id2, id3, id4) end

---Reads the value of any Authentication-Results header. Who wrote it is for the policy to know: without that it means nothing. Does not suspend.
---@param text string What stands behind the colon.
---@return auth_results? parsed What it says; nil when it cannot be read.
function auth.parse(text) end

---Who wrote the message: the domain of all addresses in its From headers as they came. Display names, comments and encoded words do not count. Without one the second result says why: `no_author`, `several_authors` (addresses of several domains), `syntax` (no list of addresses). From `hook.eoh` on; earlier it raises an error. Does not suspend.
---@return string? domain The author domain, A-labels, lower case; nil when there is none.
---@return string address The first author; the cause when there is no domain.
function auth.author() end
