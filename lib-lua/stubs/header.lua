---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---One of what `header.addresses` gives.
---@class header_address
---@field address string local part, `@`, domain; the local part in quotes only where it has to be, the domain as below
---@field local string the local part without quotes, upper and lower case as written; a word of Lua, so write `entry["local"]`
---@field domain string the domain, ASCII letters in lower case, UTF-8 as written (`net.to_ascii` makes A-labels of it); a literal with its brackets
---@field name string? the name that is shown, decoded as `header.decode` does, in quotes too; nil when there is none
---@field group string? the name of the group that it is in, likewise

---One of what `header.received` gives; each field is nil when the header does not say it.
---@class header_received
---@field from string? the word behind `from`: what the client said of itself, with Exim and qmail its name by DNS
---@field helo string? what the client said in EHLO or HELO
---@field ip string? its address in its one canonical form: IPv6 by RFC 5952, an IPv4-mapped one as IPv4
---@field by string? the name of the server that wrote it
---@field with string? the protocol, as it is written
---@field id string? the id that the server gave the message
---@field for_ string? the first recipient behind `for`, without brackets
---@field time integer? seconds since 1970-01-01 00:00:00 UTC, read as `util.date_to_time` does with `lenient`

---One of what `header.authresults` gives.
---@class header_results
---@field id string who says so
---@field results auth_result[] as in `auth.parse`
---@field trusted boolean this policy has written it, or the client is one of `authres-trusted-hosts`

---The headers of the message being received, as an ordered list. They can be changed until `hook.dot` returns; the message is rewritten between `hook.dot` and `hook.forward` when they were. None of these functions suspends. A header line may be folded (CRLF followed by a blank or tab); any other CR, LF or NUL raises an error, so that no header can be smuggled in.
---
---In `hook.header`, `eoh`, `body` and `dot` the list has what came of the message. Before that it can be edited too: a header that is added in `hook.mail`, `rcpt`, `data` or the first `hook.content` stands in front of those of the message. What is added outside of a transaction (`hook.accept`, `helo`, `ehlo`, `auth`, `noop`, `rset` ...) belongs to the next message: the next MAIL that is accepted takes it over. Edits in a MAIL that is refused are gone. In `hook.reset` nothing can be changed.
---
---The headers end with the empty line (or before a delimiter of the multipart that they declare), whatever stands before it; `hook.header`, this list and `mime.parts` go by the same rule. The name of a header is what stands before the first colon, without comments behind it, without blanks, control characters, no-break and zero-width characters and byte order marks around it, and without NUL: `Subject : x` and `Subject (y): x` are found, deleted and replaced as `Subject`. A line without colon or without name, and the `From ` line of a mailbox, are headers without name: they cannot be found.
---
---Some programs see the body from the first line on that is no proper header (no colon, blanks or octets beyond ASCII in the name, an empty continuation). Whatever is added, inserted or replaced is written before such a line, so that it is a header for everybody; and behind the `From ` line of a mailbox. What is added counts against `limit-header-edits` and `limit-header-edit-bytes`. A message that begins with a blank gets `X-Not-A-Header:` in front of that line when a header comes before it.
---@class header
header = {}

---Appends a header to the end of the list, or before the first line that is no header. Does nothing when it is nil. Raises an error for a line without a name or with a stray line end.
---@param header_line? string A complete header, `Name: value`. One line end behind it is dropped.
function header.add(header_line) end

---Inserts a header before the one at `index`, so that it then has that index. Does nothing when the line is nil.
---@param header_line? string A complete header, `Name: value`.
---@param index? integer The place in the list, from 1. Outside 1 to the number of headers: the end.
function header.insert(header_line, index) end

---Deletes the Nth header of the name. Does nothing when there is none.
---@param header_name? string The name of the header, without the colon, in upper or lower case.
---@param instance? integer Which one of that name, from 1, wherever they stand.
function header.delete(header_name, instance) end

---Replaces the Nth header of the name. When there are fewer than N the new one goes behind the last of them, or to the end of the list when there is none. Does nothing when name or value is nil or the instance is negative.
---@param header_name? string The name of the header, without the colon, in upper or lower case. It is written as given.
---@param instance? integer Which one of that name, from 1. 0 inserts in front of the first one.
---@param new_value? string The text behind `Name: `.
function header.modify(header_name, instance, new_value) end

---Finds the Nth header of the name. In `hook.header` the list holds the headers received so far.
---@param header_name? string The name of the header, without the colon, in upper or lower case.
---@param instance? integer Which one of that name, from 1, wherever they stand.
---@param decoded? boolean|integer True: the value is decoded, as `header.decode` does it.
---@return integer|nil index Its place in the list, from 1; nil when there is none.
---@return string|nil value The text behind the colon without leading blanks; folding and encoded words are as they came, unless `decoded` is true.
function header.find(header_name, instance, decoded) end

---Counts the headers of a name, or all. Does not suspend.
---@param header_name? string The name, in upper or lower case; nil: all headers.
---@return integer count how many there are
function header.count(header_name) end

---Goes through all headers in their order: `for index, name, value in header.all() do`. The index is that of `header.insert`, the name as it is written (nil for a line that has none; its value is the whole line then), the value as `header.find` gives it. Each step looks at the list as it is then: whoever adds or deletes in the loop shifts what follows. Does not suspend.
---@return fun(): integer?, string?, string? next for a `for` loop: index, name, value
function header.all() end

---Deletes all headers of a name. As all edits, up to `hook.dot`. Does not suspend.
---@param header_name string The name, in upper or lower case.
---@param text? string Only those whose value has this text in it, without regard to the case of ASCII letters; nil: all.
---@return integer count how many were deleted
function header.delete_all(header_name, text) end

---The text of a header: unfolded, its encoded words (RFC 2047) decoded into UTF-8, blanks between two of them left out, a character that is cut over two put together. What is not of the charset that a word names is read as mail programs guess it; octets beyond ASCII outside of encoded words are taken as UTF-8 where they can be. Control characters and the separators of lines and paragraphs become blanks, so that a text cannot be two lines; marks that turn the direction stay. Read as mail programs read it: broken words too. Of a value the first 65536 octets. An address is not to be looked for in the result: `=?utf-8?q?=3Ca=40b=3E?=` decodes to one. Does not suspend.
---@param value string A value as `header.find` gives it.
---@return string text in UTF-8, in one line
function header.decode(value) end

---The addresses in a From, To, Cc, Reply-To or Sender header (RFC 5322 section 3.4), by the grammar that `auth.author` goes by: groups, comments, quoted local parts, source routes (left out), domain literals and UTF-8 are read. Encoded words are decoded when all has been taken apart, so what one hides is part of a name and never an address. What is no list of addresses has none, as every mail program finds another one in it: a bare word, a missing `>`, an address in front of `<`, an unquoted comma in a name, blanks or an encoded word in an address, a domain that is no name, characters in an address that are not seen or that IDNA makes others of. Needless dots (`a..b@`, and one behind the domain, which is left out) are let through as `smtp-lenient` does. A comment is no name. There may be several addresses where one is expected: look at `#list`. A value of more than 262144 octets or 5000 addresses is not read: nil and an error. Time linear in the value. Does not suspend.
---@param value? string A value as `header.find` gives it; nil is an empty one.
---@return header_address[]? list All addresses in their order, those of groups too; empty when there are none; nil when the value is no list of addresses.
---@return string? error Why it is none.
function header.addresses(value) end

---The Received headers as tables, at most the first 100: entry N is that of `header.find('Received', N)`. The forms of Postfix, Exim, Sendmail, Exchange, qmail, Gmail and smtpe are read; what a header does not say, or says in another form, is nil, and all of it in a header that is none. Only what our own servers have written is true: whoever sends a message may write the others. In `hook.dot` the first is that of `smtp-received`. Does not suspend.
---@return header_received[] list The newest first.
function header.received() end

---The Authentication-Results headers (RFC 8601), at most the first 100 (with an id the first 100 that can be trusted); those that cannot be read are left out. Anybody may write one in any name: with an id only those are given that can be trusted to be of whom they say, that is those that this policy has put in, and those that came with the message from a client of `authres-trusted-hosts`. Without one all are given, and `trusted` says so of each. `auth.remove` takes away what is forged. Does not suspend.
---@param authserv_id? string Whose results, without regard to case and to a final dot; nil: all.
---@return header_results[] list In the order of the headers. Each is what `auth.parse` gives, and `trusted`.
function header.authresults(authserv_id) end
