---@meta
-- Made by npm run reference. Do not edit.

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
---@field mime_part integer number of the part in `mime.parts`; 0 for the headers

---The table `uri.found`.
---@class uri_found
---@field [integer] string the key of the Nth URI: the MD5 of its `uri_raw`
---@field [string] uri_in_message the URI of a key
---@field truncated boolean? true when there are more URIs than are listed

---URIs: taking them apart, percent-encoding, and those found in the message.
---@class uri
---@field found uri_found The URIs found in the message, each once, in the order they were found. `uri.found[i]` is a key, the MD5 of `uri_raw` in lower-case hex; `uri.found[key]` is the table that `uri.parse` gives, with one more field, `mime_part`: the number of the part in `mime.parts`, 0 for the headers of the message. `#uri.found` is their number. Outside a transaction the table is empty; it is a new one for each transaction. Reading the field for the first time when much of the message is on disk already suspends until that has been looked through.
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
---- `file:` without a host has the host `localhost`.
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
