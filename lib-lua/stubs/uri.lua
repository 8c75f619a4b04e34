---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---The parts of a URI.
---@class uri_parts
---@field uri_raw string the string, without one trailing `.`
---@field uri_decoded string the same with percent-encoding undone and `+` as a blank; `local@domain` for a mail address
---@field scheme string as written, but `mailto` for every mail address (`MailTo:`, `email:`, `mail:`, `from:` too); `http`, `mailto` or `ip` when it is implied
---@field scheme_info string? what follows `scheme:`, decoded; nil when the scheme is implied; the address for a mail address
---@field user_info string? what is before the last `@` of the authority; the local part of a mail address
---@field host string? name or IP address without brackets, in the case it is written in when it is ASCII
---@field port integer the one given, else the scheme's; 0 for schemes without one
---@field path string? decoded, `+` as a blank, with its first `/`
---@field query string? decoded, `+` as a blank, without the `?`
---@field fragment string? decoded, `+` as a blank, without the `#`

---A URI of the message: the same fields, and where it was found.
---@class uri_in_message
---@field uri_raw string the string, without one trailing `.`
---@field uri_decoded string the same with percent-encoding undone and `+` as a blank; `local@domain` for a mail address
---@field scheme string as written, but `mailto` for every mail address (`MailTo:`, `email:`, `mail:`, `from:` too); `http`, `mailto` or `ip` when it is implied
---@field scheme_info string? what follows `scheme:`, decoded; nil when the scheme is implied; the address for a mail address
---@field user_info string? what is before the last `@` of the authority; the local part of a mail address
---@field host string? name or IP address without brackets, in the case it is written in when it is ASCII
---@field port integer the one given, else the scheme's; 0 for schemes without one
---@field path string? decoded, `+` as a blank, with its first `/`
---@field query string? decoded, `+` as a blank, without the `?`
---@field fragment string? decoded, `+` as a blank, without the `#`
---@field mime_part integer number of the part in `mime.parts`; 0 for the headers of the message
---@field address string? when `host` is an IP address: it in its one canonical form (`192.0.2.1` however it is written, IPv6 by RFC 5952)
---@field ascii string? when `host` is a name: it in lower case, beyond ASCII in punycode, without a dot at the end; nil for what no browser takes for a name
---@field domain string? the registered domain of `ascii`, by the Public Suffix List with its private part (`a.b.co.uk`: `b.co.uk`; `x.github.io` is one of its own); nil in no known top-level domain
---@field source string where it stands; of several places the one that comes first here: `href`, `action`, `meta`, `src`, `css`, `attribute`, `text`, `header`, `nested` (see uri_source below)
---@field count integer in how many places it stands
---@field text string? what a link in HTML to it shows: UTF-8, blanks joined, up to 256 bytes. Of several links one that shows the host of another domain, else one that shows a host, else the first
---@field text_host string? the first host in that text, as `ascii` or `address`
---@field text_domain string? its registered domain
---@field obscured uri_obscured? ways in which its host is hidden from people; nil when there are none
---@field nested string[]? keys of the URIs that stand in it, which are in `uri.found` as well; nil when there are none

---The values of `source`, what is followed first in front.
---@class uri_source
---@field href string attribute `href` of a link, an area, a base or a style sheet
---@field action string attribute `action` or `formaction` of a form
---@field meta string a meta refresh
---@field src string attribute `src`, `srcset`, `background` and the like: what is loaded to be shown
---@field css string `url()` of a style sheet
---@field attribute string another attribute that holds a URL (`cite`, `ping`, `data` ...)
---@field text string text, in HTML also comments, scripts and values of other attributes
---@field header string the headers
---@field nested string another URI: its path, query or fragment, `data:`, `javascript:`, or the further addresses of `mailto:`

---The keys of `obscured`, each with the value `true`. Some of these are in legitimate mail, too. For `http`, `https`, `ftp` and `file`.
---@class uri_obscured
---@field user_info boolean? something with an `@` in front of the host, which is not where the link leads
---@field number boolean? an IPv4 address in another form than four decimal numbers
---@field percent boolean? scheme or host with percent-encoding
---@field letters boolean? a host with letters or dots that browsers take for others (full-width, circled, mathematical, ideographic)
---@field scripts boolean? a name of several scripts in one label, or of letters that all look like Latin ones
---@field invisible boolean? characters in it that are not seen
---@field references boolean? character references for letters, digits or punctuation in front of its query
---@field blanks boolean? tabs or line ends in scheme or host
---@field slashes boolean? backslashes, or more or fewer than two slashes, in front of the host
---@field written_out boolean? `hxxp`, `[.]` and the like: no link before somebody puts it right
---@field tags boolean? a host in pieces, with tags or comments of HTML between them

---The table `uri.found`.
---@class uri_found
---@field [integer] string the key of the Nth URI: the MD5 of its `uri_raw`
---@field [string] uri_in_message the URI of a key
---@field truncated boolean? true when there are more URIs than are listed, or more link texts than are looked at

---URIs: taking them apart, percent-encoding, and those found in the message.
---@class uri
---@field found uri_found The URIs found in the message, each once, in the order they were found. `uri.found[i]` is a key, the MD5 of `uri_raw` in lower-case hex; `uri.found[key]` is the table that `uri.parse` gives, with one more field, `mime_part`: the number of the part in `mime.parts`, 0 for the headers of the message, and what is known of it beyond that (see uri_in_message below): the names to look up, where it stands, what it shows, what it hides. `#uri.found` is their number. Outside a transaction the table is empty; it is a new one for each transaction. Reading the field for the first time when much of the message is on disk already suspends until that has been looked through. An entry is there as soon as its URI was read; `count`, `source`, `text`, `obscured` and `nested` are complete in `hook.dot`, where `uri.found[key]` is another table than before when one of them has changed.
uri = {}

---Takes a URI apart. Parts that are not there are nil (see uri_parts below).
---
---The URI is taken apart by RFC 3986 before anything is decoded: an encoded `@`, `/`, `:` or `?` never moves the host. Beyond the RFC:
---- Known schemes only: ip cid mid data file about javascript ftp telnet mailto smtp email mail from gopher http pop pop3 nntp imap ldap https rtsp.
---  Those from ftp on need a host. Any other scheme gives nil.
---- Without a scheme: a domain of at least two labels with a known top-level domain and an optional path is `http`; a mail address is
---  `mailto`; an IP address is `ip` (port 0). `name:port` gives nil.
---- As browsers do: `\` is `/` in http, https, ftp and file; tabs and line ends are dropped, and blanks at the ends; `http:/host/` has a host, and
---  so has `http:///host/` when it is an address or in a known top-level domain. Zeros in front of a port do not count.
---- `host` is what browsers make of it: letters beyond ASCII are mapped by UTS 46 (lower case, full-width and mathematical letters as plain ones,
---  ideographic full stops as dots) and stay UTF-8; numbers are an IPv4 address (`127.1`, `0x7f000001`: 127.0.0.1); IPv6 is in its short form. A name in
---  ASCII, punycode too, stays as it is written, and so does what browsers refuse. A host with an empty label is none.
---- Rubbish before `http://` (or another known scheme) is passed over, `Word:` too (`Link:http://host`), and a scheme that is percent-encoded is decoded first.
---- In a mail address, what is before the local part and behind the domain is passed over. The domain needs a dot and a top-level domain of letters.
---- A host that ends the URI and has a dot needs a last label that can be a top-level domain, or to be a number that browsers take for an address.
---- `file:` without a host has the host `localhost`; with four slashes or more the host behind them, when it is an address or in a known top-level
---  domain, as Windows asks it for `\\host\share`.
---
---Time linear in the string. Does not suspend.
---@param string? string what may be a URI
---@return uri_parts? parts the parts, or nil when the string is no URI
function uri.parse(string) end

---Percent-encodes every octet but ASCII letters, digits and `- _ . ~` as `%HH` with capital digits (RFC 3986 section 2.1). A blank is `%20`. `uri.decode` gives the string back. Does not suspend.
---@param string? string any octets
---@return string? encoded nil for nil
function uri.encode(string) end

---Makes `%HH` the octet and `+` a blank. Other text, a `%` without two hexadecimal digits too, stays. Does not suspend.
---@param string? string a percent-encoded text
---@return string? decoded any octets, NUL too; nil for nil
function uri.decode(string) end

---The registered domains of the URIs found in the message so far (field `domain` of `uri.found`), each once: what is asked about in a list of
---domains (URIBL). Those of `mailto:` and of URIs within URIs too; IP addresses, `cid:` and `mid:`, names in no known top-level domain and what `uri.skip` names are left out.
---Outside a transaction there are none. The message is looked through once, for `uri.found` too; suspends as `uri.found` does.
---
---A stranger decides how many there are: ask about no more than a few dozen. `etc/examples/phishing-links.lua` does so.
---@return string[] names in lower case, beyond ASCII in punycode; in the order they were found
---@return boolean truncated there are more URIs than were listed (`limit-uris`)
function uri.domains() end

---Names that `uri.domains` leaves out in this connection, besides those named before: one's own, and those that are in every message. At most
---10000 names, more raise an error. Called at the top of the file. Does not suspend.
---@param names string[] domains; of a host name its registered domain counts
function uri.skip(names) end
