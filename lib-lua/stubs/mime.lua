---@meta
-- Made by npm run reference. Do not edit.

---An entry of `mime.parts`.
---@class mime_part
---@field md5_encoded string MD5 of the body as transmitted, lower-case hex
---@field md5_decoded string MD5 of the body with base64 or quoted-printable undone; the same as `md5_encoded` for other encodings
---@field part_length integer octets of headers, empty line and body
---@field body_length integer octets of the body as transmitted
---@field content_type string? the Content-Type header, unfolded, with its name, at most 4096 octets; nil if there is none
---@field content_transfer_encoding string? the same for Content-Transfer-Encoding

---The MIME parts of the message being received.
---@class mime
---@field parts mime_part[] The MIME parts of the message in the order they stand in it. `mime.parts[1]` is the message itself; `#mime.parts` is their number. An entry appears when its part is complete, the last one just before `hook.dot`. Outside a transaction the table is empty; it is a new one for each transaction. Reading the field for the first time when much of the message is on disk already suspends until that has been looked through.
mime = {}
