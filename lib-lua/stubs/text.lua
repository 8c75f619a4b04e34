---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---Texts: wildcard patterns, natural order, splitting, xtext. Texts may hold any octets; only ASCII letters have a case.
---@class text
text = {}

---Matches a text with a pattern. The whole text has to match: a pattern is anchored at both ends unless it begins or ends with `*`.
---
---| in a pattern | matches |
---| --- | --- |
---| `*` | any run of octets, also none |
---| `?` | one octet |
---| blank | one white-space octet (blank, tab, LF, VT, FF, CR) |
---| `[abc]` `[a-z]` | one octet of the class; a range goes by octet values |
---| `[^abc]` `[!abc]` | one octet that is not in the class |
---| `\X` | the octet X and nothing else, in its own case even when `caseless` |
---| anything else | itself |
---
---In a class `]` right at the start (behind `^`) and then `-` stand for themselves, and so does `-` right before the closing `]`; `\X` is X,
---but a `\` does not protect the closing `]`. A class that is not closed matches nothing. A `\` that ends the pattern is a `\`. The empty
---pattern matches the empty text only.
---
---Text and pattern may hold any octets, NUL too. The time is linear in the text. It is an error when there are more than
---4096 octets between two `*` and one of them is `?`, a blank, a class, or a letter without regard to case. Does not suspend.
---@param haystack? string the text to look into
---@param needle? string the pattern
---@param caseless? boolean|integer true: ASCII letters match in upper and lower case
---@return integer offset where the match begins, from 1, a leading `*` not counted; 0 when there is no match or an argument is nil
function text.find(haystack, needle, caseless) end

---Compares in natural order: digits as numbers (`a2` before `a10`), runs of digits that begin with 0 as fractions (`1.05` before `1.5`), other octets by value; white space does not count. nil is equal to nil and comes behind everything else, so that it sorts to the end of an array. A total order: it can be used to sort. Time linear in the texts. Does not suspend.
---@param s1? string a text, or nil
---@param s2? string a text, or nil
---@param caseless? boolean|integer true: ASCII letters match in upper and lower case
---@return integer diff -1, 0 or 1: s1 comes before, with or behind s2
function text.natcmp(s1, s2, caseless) end

---Splits a list at delimiters. Runs of delimiters act as one, and those at the ends make no item, so that an empty item comes only from
---an empty pair of quotes. An empty string gives an empty array.
---
---`'` and `"` quote, also in the middle of an item: what is between a pair is taken as it is (the other kind of quote too) and the quotes are
---removed. A quote without a partner stands for itself (`it's`). `\a \b \e \f \n \r \s \t \v` give BEL, BS, ESC, FF, LF, CR, blank, tab and
---VT, and a `\` before any other octet that octet, a delimiter or quote as well; inside quotes too. A `\` at the end stands for itself. A quote
---or `\` that is among the delimiters is only a delimiter. Time linear in the string. Does not suspend.
---@param string? string the list
---@param delims? string each octet is a delimiter; "" (or `\0`) for none
---@return string[]? array the items; nil when the string is nil
function text.split(string, delims) end

---The octets as xtext (RFC 3461 section 4), as ENVID and ORCPT of DSN have them: `+`, `=`, blanks, control characters and octets above 126 are written `+` and two hexadecimal digits. Does not suspend.
---@param string string any octets
---@return string xtext printable ASCII without blanks
function text.xtext(string) end

---What xtext (RFC 3461 section 4) stands for. Nil for a blank, a `=`, an octet that is no printable ASCII, and a `+` without two hexadecimal digits behind it, which may be in lower case. Does not suspend.
---@param string string xtext
---@return string? octets what it stands for, any octets; nil when it is no xtext
function text.unxtext(string) end
