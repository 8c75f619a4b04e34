---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

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
---@field unused_boundary boolean? a multipart in which no delimiter of its own comes
---@field base64_foreign boolean? octets in base64 that are none of it: programs pass over them, or end there
---@field base64_behind_padding boolean? base64 that goes on behind its padding: programs read on, or end there
---@field long_line boolean? a line of more than 998 octets, which RFC 5322 2.1.1 forbids
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
---@field type string the type of the last Content-Type, lower case, without comments and parameters: `text/html`; `text/plain` when there is none or it cannot be read (RFC 2045 5.2), `message/rfc822` when there is none in a multipart/digest
---@field charset string? the declared charset, lower case
---@field boundary string? of a multipart: the boundary that is declared, the first of them when there are several readings; nil when there is none
---@field parent integer? the number of the multipart or message that this part stands in; nil for the message itself

---What `mime.add_footer` takes.
---@class mime_footer
---@field text string? for `text/plain`, UTF-8
---@field html string|false|nil for `text/html`, UTF-8, source; nil: made of `text`; false: pages get none
---@field signed boolean? true: also what is signed or encrypted, whose signature it breaks
---@field nested boolean? true: also in messages inside the message
---@field on_defect string? `'refuse'`: the message is refused when the change cannot be made, `'leave'`: it goes on without; usually `'leave'`

---What `mime.remove` takes besides.
---@class mime_change
---@field signed boolean? true: also what is signed or encrypted, whose signature it breaks
---@field nested boolean? true: also in messages inside the message
---@field on_defect string? `'refuse'`: the message is refused when the change cannot be made, `'leave'`: it goes on without; usually `'refuse'`

---What `mime.replace` takes besides.
---@class mime_replacement
---@field type string? a new Content-Type, parameters included; the other headers of the content go, the encoding is kept
---@field charset string? the charset in the Content-Type
---@field filename string? the name in Content-Disposition, UTF-8
---@field signed boolean? true: also what is signed or encrypted, whose signature it breaks
---@field nested boolean? true: also in messages inside the message
---@field on_defect string? `'refuse'`: the message is refused when the change cannot be made, `'leave'`: it goes on without; usually `'refuse'`

---Why a change is not made: the second result of `mime.add_footer`, `mime.remove` and `mime.replace` is one of these words.
---@class change_fault
---@field unsafe string mail programs may see other parts than smtpe does: a defect of `mime.defects` that has to do with where parts begin and end, a limit of `mime.limits`, or a second parser that sees something else; the log names it
---@field signed string it stands in `multipart/signed` or `multipart/encrypted`, is `application/pkcs7-mime` or a text with the armour of PGP
---@field nested string it stands in a message inside the message
---@field encoded string it stands in an attached message that is encoded: only the attachment as a whole can be changed
---@field changed string an earlier change has removed or replaced it, or what it stands in, or has put a footer under what is to be replaced
---@field no_text string no text is shown that a footer could be put under
---@field not_leaf string it holds other parts, or is text behind the last delimiter: only a part with a content of its own can be replaced
---@field charset string the text is in a charset that is not known, or is no text in the charset that is declared, and the footer cannot be written in it
---@field bad_encoding string its base64 has octets that are none, or goes on behind its end
---@field binary string lines of the text or of the headers end with a bare CR or LF, or NUL is in them (BINARYMIME)
---@field headers_changed string the policy has changed the Content-Type or Content-Transfer-Encoding of the message by `header.*`

---What `mime.archive` gives: the entries as `list[1]`, `list[2]` ... in the order of the archive, what is inside an archive behind all of those around it.
---@class mime_archive
---@field [integer] mime_archive_entry an entry
---@field type string of the archive, as `mime.detect` says it, but by all names in it
---@field ext string the same for the extension
---@field encrypted boolean an entry, or the list of names, is encrypted
---@field truncated mime_archive_truncated? why the list is not all; nil when it is
---@field defects mime_archive_defects what is odd about it

---A file, directory or link in an archive.
---@class mime_archive_entry
---@field name string its name with its path, UTF-8, at most 1024 characters, without characters that are not seen
---@field names string[] all names that any program may give it, without path, lower case, as `filenames` of a part; empty for a directory
---@field size integer octets unpacked, as the archive says
---@field encrypted boolean it needs a password
---@field type string? what it is by its octets; nil when that is not known, or they are not looked at (encrypted, rar, cab)
---@field ext string? the same for the extension
---@field within integer? the number of the entry that is the archive it stands in; nil for the part itself
---@field depth integer 1 in the part itself, 2 in an archive inside it ...

---The keys of `truncated` of an archive.
---@class mime_archive_truncated
---@field ['limit-archive-names'] boolean? there are more names
---@field ['limit-archive-bytes'] boolean? there is more to unpack
---@field ['limit-archive-depth'] boolean? there are archives further inside
---@field unsupported boolean? an archive of a kind, or an entry packed in a way, that is not looked into
---@field encrypted boolean? an archive, or its directory, is encrypted
---@field damaged boolean? an archive cannot be read to its end

---The keys of `defects` of an archive.
---@class mime_archive_defects
---@field names_differ boolean? an entry with one name in the directory and another one before its data, or in an extra field
---@field hidden_entries boolean? entries that the directory does not have
---@field overlapping_entries boolean? entries that share octets
---@field missing_entries boolean? a directory that names entries where there are none
---@field no_directory boolean? no directory at the end; the names are those before the data
---@field octets_before boolean? octets before the archive, as in one that unpacks itself
---@field octets_behind boolean? octets behind the archive
---@field several_directories boolean? more than one end of a directory
---@field odd_name boolean? a name with control, direction or zero-width characters
---@field path_outside boolean? a name that leads out of the directory it is unpacked in: an absolute path, a drive, `..`
---@field name_twice boolean? two entries of the same name
---@field damaged boolean? structures that contradict each other or end too early

---The MIME parts of the message being received.
---@class mime
---@field parts mime_part[] The MIME parts of the message in the order they stand in it. `mime.parts[1]` is the message itself; `#mime.parts` is their number. An entry appears when its part is complete, the last one just before `hook.dot`. Outside a transaction the table is empty; it is a new one for each transaction. Reading the field for the first time when much of the message is on disk already suspends until that has been looked through.
---@field defects mime_defects What is odd about how the message is put together, as keys with the value `true`: `if mime.defects.several_names then ...`. Mail programs may read such a message in different ways; most of these things also stand in some legitimate mail. Filled as `mime.parts` is, and like it a new table for each transaction.
---@field limits mime_limits The limits that were reached, by the name of their option, with the value `true`: `if mime.limits['limit-mime-parts'] then ...`. What is beyond a limit was not looked through, so that "too much to look through" can be a verdict. Those of URIs (`limit-uris`, `limit-uri-length`) are there when `uri.found` was read, those of `mime.content`, `mime.text` and `mime.archive` when such a call has come to one. Filled as `mime.parts` is, and like it a new table for each transaction.
mime = {}

---The octets of a part with base64 or quoted-printable undone, as `md5_decoded` counts them. One call gives at most option limit-mime-content-bytes of them;
---`more` says that there are others, which the next call may ask for by `first`. A part with encoding 7bit, 8bit or binary is read from there; of the
---others all that stands before is decoded again. Suspends. The message must be complete: in `hook.dot` and later in the transaction; before that it raises an error. It is read
---as it is stored at that moment: when the policy has changed the file, or a service has replaced the message, the numbers are those of the parts
---as they are now. Without a part of that number, and when limit-mime-read-bytes is used up: nil and why.
---@param i integer Number of the part, as in `mime.parts[i]`.
---@param first? integer The first octet that is wanted, from 1.
---@param last? integer The last octet that is wanted; nil: as many as one call may give.
---@return string? octets the octets of the body, decoded; empty when there are none so far behind
---@return boolean|string more true when the part has more octets behind them; or why there is nothing
function mime.content(i, first, last) end

---The text of a part in UTF-8: encoding and charset undone (what is declared, unless a byte order mark says otherwise; octets that are neither UTF-8 nor
---declared are taken for windows-1252; what is no text becomes U+FFFD). Of HTML what somebody sees: without tags, comments, scripts and styles, character
---references decoded, blanks in a row one blank, a line end where a block begins or ends. What a style hides is shown. It does not ask
---whether the part is text. Suspends. The message must be complete: in `hook.dot` and later in the transaction; before that it raises an error. It is read
---as it is stored at that moment: when the policy has changed the file, or a service has replaced the message, the numbers are those of the parts
---as they are now. Without a part of that number, and when limit-mime-read-bytes is used up: nil and why.
---@param i integer Number of the part, as in `mime.parts[i]`.
---@param limit? integer The most octets that are wanted; nil, or more than that: limit-mime-content-bytes.
---@return string? text the text in UTF-8, never with a character cut in two
---@return boolean|string more true when there is more text behind it; or why there is nothing
function mime.text(i, limit) end

---A header of a part (Content-ID, Content-Description, those of an attached message) as it came, encoded words not decoded (`header.decode` does that). For a
---message inside a message it is the part behind the one of type message/rfc822. At most option limit-mime-header-bytes of a part are headers.
---The headers of the message itself are better read by `header.find`, which knows what the policy has changed. Suspends. The message must be complete: in `hook.dot` and later in the transaction; before that it raises an error. It is read
---as it is stored at that moment: when the policy has changed the file, or a service has replaced the message, the numbers are those of the parts
---as they are now. Without a part of that number, and when limit-mime-read-bytes is used up: nil and why.
---@param i integer Number of the part, as in `mime.parts[i]`.
---@param name string Name of the header, in upper or lower case.
---@param n? integer Which one of several of that name, from 1 in the order in which they stand there.
---@return string? value what stands behind the colon, unfolded, without blanks at its ends; nil when there is none
---@return string? error why there is nothing
function mime.header(i, name, n) end

---What a part is by its octets, whatever its headers and names say. Known are programs (PE as `exe` or `dll`, ELF, Mach-O, Java, .lnk), archives and disk
---images (zip, rar, 7z, gz, bz2, xz, tar, cab, iso, vhd, ace, arj ...), office documents (docx, xlsx, pptx, with macros docm, xlsm, pptm, xlsb; OLE
---as doc, xls, ppt, msg, msi; an encrypted one as `ole` with type application/x-ole-encrypted), pdf, rtf, OneNote, scripts (shebang, js, vbs, ps1, bat, hta, wsf, reg,
---url), html, svg, messages, and the usual pictures, sound, films and type. Of text only what is distinctive counts, so that a letter is not
---taken for a program: plain text gives nil. The first 64 KiB are looked at; of an office document `mime.archive` sees the rest. Suspends. The message must be complete: in `hook.dot` and later in the transaction; before that it raises an error. It is read
---as it is stored at that moment: when the policy has changed the file, or a service has replaced the message, the numbers are those of the parts
---as they are now. Without a part of that number, and when limit-mime-read-bytes is used up: nil and why.
---@param i integer Number of the part, as in `mime.parts[i]`.
---@return string? type a media type, lower case; nil when the octets are nothing that is known
---@return string? ext the usual extension without dot: `exe`, `zip`, `docm`, `js`; or why nothing could be read
function mime.detect(i) end

---The names of what is in an archive, and of what is in archives inside it, by their octets and not by their names. Looked into are zip (and with it office
---documents, jar, programs that unpack themselves), tar, gz, 7z, rar, cab and what Outlook sends as winmail.dat; in zip, tar, gz and winmail.dat also archives inside, at most option
---limit-archive-depth levels. Of 7z, rar and cab the names are read, not what the files are. What nothing is known of has `truncated.unsupported`: bz2, xz, zst, arj, iso and
---others, and archives inside 7z, rar and cab, by their names. A rule about names refuses an archive whose list is not all. Such a list
---says so in `truncated`, so that "too much to look through" can be a verdict: limits are limit-archive-names and limit-archive-bytes. Nothing is
---written to a disk; two archives are looked into at a time in a process, others wait. Suspends. The message must be complete: in `hook.dot` and later in the transaction; before that it raises an error. It is read
---as it is stored at that moment: when the policy has changed the file, or a service has replaced the message, the numbers are those of the parts
---as they are now. Without a part of that number, and when limit-mime-read-bytes is used up: nil and why.
---@param i integer Number of the part, as in `mime.parts[i]`.
---@return mime_archive? list what is in it; nil when it is no archive
---@return string? error why there is no list
function mime.archive(i) end

---Takes a structured header value apart: comments out, quotes undone, the pieces of RFC 2231 joined and their charset decoded, encoded words decoded as
---mail programs do. Of several parameters of a name the last one counts, of a name in both forms that of RFC 2231. Lenient: missing semicolons and
---closing quotes are no error. Only the first 200 parameters are read, and 65,536 octets of the value. For the names of files
---`mime.parts[i].filenames` is better: it has every reading. RFC 2045 5.1, RFC 2231, RFC 2183.
---@param header_value string What stands behind the colon of Content-Type, Content-Disposition and the like, folded or not.
---@return string value what stands before the first semicolon, lower case
---@return table<string, string> params the parameters by their names in lower case; text in UTF-8
function mime.parameters(header_value) end

---Puts a text under the text of the message: at the end of the first `text/plain` that is shown, before the last `</body>` of `text/html` that is one for browsers (at its end when there is none, in front of what is never closed: a comment, a script), and under each of them in `multipart/alternative`. Attachments are no text, nor is a part with a file name. In `multipart/related` the page counts. The text begins on a line of its own; an empty line in front is up to you. It is written in the charset and encoding of the part: characters beyond ASCII become references in a page, and where the charset of a text does not have them, or its encoding is 7bit, the part becomes UTF-8 in quoted-printable; base64 is written anew, quoted-printable stays as it is up to the footer; `format=flowed` is heeded. 8-bit octets are written only where there were some.
---
---In `hook.dot` only; elsewhere it raises an error, outside a transaction it only looks at its arguments. The change is written when the message is made final: after `hook.dot` and after what the policy did to the headers, before signatures of `dkim.sign` and `arc.seal`, and before `hook.forward`, which sees the result. `mime.parts` goes on showing the message as it was received. What is not changed stays as it is, octet for octet. **A signature of the sender (DKIM) over the content is broken by any change**; look at `dkim.verify()` before, and sign or seal anew.
---
---What cannot be done is left (`on_defect='leave'`), for a missing footer is not worth a mail; with `'refuse'` the message is refused (554 5.6.3) when it is defective, never because it is signed or has no text. Several footers stand one under the other. It suspends while the message is read.
---@param footer mime_footer The texts, and what is to be other than usual. An unknown field raises an error.
---@return boolean noted whether it is going to be made
---@return string|nil why why it is not: `unsafe`, `signed`, `nested`, `encoded`, `changed`, `no_text`, `not_leaf`, `charset`, `bad_encoding`, `binary`, `headers_changed` (`change_fault` below)
function mime.add_footer(footer) end

---Takes a part out, with all that is in it. In its place stands a `text/plain` part with the replacement. Of part 1 the whole content is removed, and its headers stay but for those of the content. Parts have the same numbers however many were removed.
---
---In `hook.dot` only; elsewhere it raises an error, outside a transaction it only looks at its arguments. The change is written when the message is made final: after `hook.dot` and after what the policy did to the headers, before signatures of `dkim.sign` and `arc.seal`, and before `hook.forward`, which sees the result. `mime.parts` goes on showing the message as it was received. What is not changed stays as it is, octet for octet. **A signature of the sender (DKIM) over the content is broken by any change**; look at `dkim.verify()` before, and sign or seal anew.
---
---What cannot be done has the message refused at the dot (554 5.6.3), so that nothing goes through that was to be removed; with `on_defect='leave'` it goes on as it is. It suspends while the message is read.
---@param index integer The number of the part in `mime.parts`. One that is not there raises an error.
---@param replacement? string|false The text that stands in its place, UTF-8; nil: one that names what was removed; false: nothing, unless a multipart would be left without parts.
---@param options? mime_change What is to be other than usual. An unknown field raises an error.
---@return boolean noted whether it is going to be made
---@return string|nil why why it is not: `unsafe`, `signed`, `nested`, `encoded`, `changed`, `no_text`, `not_leaf`, `charset`, `bad_encoding`, `binary`, `headers_changed` (`change_fault` below)
function mime.remove(index, replacement, options) end

---Puts other octets in the place of the content of a part that holds no others, in its Content-Transfer-Encoding; where that is none (7bit, 8bit, binary) and cannot hold them, a text becomes quoted-printable and anything else base64. The headers of the part stay, but for Content-MD5 and what the options say. The octets are in the charset that the part has, or in that of option `charset`; nothing is converted.
---
---In `hook.dot` only; elsewhere it raises an error, outside a transaction it only looks at its arguments. The change is written when the message is made final: after `hook.dot` and after what the policy did to the headers, before signatures of `dkim.sign` and `arc.seal`, and before `hook.forward`, which sees the result. `mime.parts` goes on showing the message as it was received. What is not changed stays as it is, octet for octet. **A signature of the sender (DKIM) over the content is broken by any change**; look at `dkim.verify()` before, and sign or seal anew.
---
---What cannot be done has the message refused at the dot (554 5.6.3); with `on_defect='leave'` it goes on as it is. It suspends while the message is read.
---@param index integer The number of the part in `mime.parts`. One that is not there raises an error.
---@param octets string The new content, decoded. In a text every line end becomes CRLF.
---@param options? mime_replacement What is to be other than usual. An unknown field raises an error.
---@return boolean noted whether it is going to be made
---@return string|nil why why it is not: `unsafe`, `signed`, `nested`, `encoded`, `changed`, `no_text`, `not_leaf`, `charset`, `bad_encoding`, `binary`, `headers_changed` (`change_fault` below)
function mime.replace(index, octets, options) end
