---@meta
-- Made by npm run reference. Do not edit.

---The keys of `mime.defects`; each is there only when it applies.
---@class mime_defects
---@field header_line boolean? a line in the headers that is none: no colon, a blank or an octet beyond ASCII in the name, an empty continuation, a first line that begins with a blank
---@field header_blank boolean? blanks before the colon of a header
---@field header_8bit boolean? octets above 127 in the headers
---@field header_nul boolean? NUL in the headers
---@field no_empty_line boolean? headers that end without an empty line
---@field several_content_types boolean? more than one Content-Type header in a part
---@field several_encodings boolean? more than one Content-Transfer-Encoding header in a part
---@field several_names boolean? a part with different file names in its headers
---@field unknown_encoding boolean? a Content-Transfer-Encoding that is none of RFC 2045
---@field encoded_multipart boolean? base64 or quoted-printable for a multipart or a message, which RFC 2045 6.4 forbids
---@field no_boundary boolean? a multipart that declares no boundary
---@field unclosed_multipart boolean? a multipart without its closing delimiter
---@field text_after_parts boolean? text behind the closing delimiter of a multipart

---The keys of `mime.limits`: names of options.
---@class mime_limits
---@field [string] boolean the limit was reached

---An entry of `mime.parts`.
---@class mime_part
---@field md5_encoded string MD5 of the body as transmitted, lower-case hex
---@field md5_decoded string MD5 of the body with base64 or quoted-printable undone; the same as `md5_encoded` for other encodings
---@field part_length integer octets of headers, empty line and body
---@field body_length integer octets of the body as transmitted
---@field content_type string? the Content-Type header, unfolded, with its name, at most 4096 octets; nil if there is none
---@field content_transfer_encoding string? the same for Content-Transfer-Encoding
---@field filename string? the name of the file, UTF-8: `filename` of Content-Disposition, else `name` of Content-Type; of several readings the one whose extension runs code (`.exe`, `.js`, `.lnk` ...); nil when there is none
---@field filenames string[]? all names that any program may give it, lower case, at most 64; nil when there is none
---@field disposition string? the first word of Content-Disposition, lower case: `attachment`, `inline`

---The MIME parts of the message being received.
---@class mime
---@field parts mime_part[] The MIME parts of the message in the order they stand in it. `mime.parts[1]` is the message itself; `#mime.parts` is their number. An entry appears when its part is complete, the last one just before `hook.dot`. Outside a transaction the table is empty; it is a new one for each transaction. Reading the field for the first time when much of the message is on disk already suspends until that has been looked through.
---@field defects mime_defects What is odd about how the message is put together, as keys with the value `true`: `if mime.defects.several_names then ...`. Mail programs may read such a message in different ways; most of these things also stand in some legitimate mail. Filled as `mime.parts` is, and like it a new table for each transaction.
---@field limits mime_limits The limits that were reached, by the name of their option, with the value `true`: `if mime.limits['limit-mime-parts'] then ...`. What is beyond a limit was not looked through, so that "too much to look through" can be a verdict. Those of URIs (`limit-uris`, `limit-uri-length`) are there when `uri.found` was read. Filled as `mime.parts` is, and like it a new table for each transaction.
mime = {}
