---@meta
-- Made by npm run reference. Do not edit.

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
---@return integer|nil index Its place in the list, from 1; nil when there is none.
---@return string|nil value The text behind the colon without leading blanks; folding and encoded words are as they came.
function header.find(header_name, instance) end
