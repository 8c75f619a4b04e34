---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---What policies need besides mail: the machine, directories, dates, digests, encodings, JSON, time. Strings are octets, in and out.
---@class util
util = {}

---How many processors the machine has. Does not suspend.
---@return integer count at least 1
function util.cpucount() end

---The load averages of the machine, as `[1]`, `[2]`, `[3]` and as fields `["1m_avg"]`, `["5m_avg"]`, `["15m_avg"]` (in brackets: such names cannot stand behind a dot). Does not suspend.
---@return number[] averages the averages of 1, 5 and 15 minutes
function util.getloadavg() end

---Makes a directory and those that are missing above it, with mode 0777 less the umask. Only `/` separates; quotes, blanks and backslashes are part of a name. Why it failed stands in the log. Suspends until it is done.
---@param path? string absolute, or relative to the working directory
---@return boolean made true when the directory exists now; false when it could not be made
function util.mkpath(path) end

---Reads a date, as in a Date or Received header. One of
---
---    [www[,]] dd mmm yyyy [HH:MM:SS [zone]]      RFC 5322, seconds may be missing when a blank follows; a fraction is passed over
---    [www[,]] mmm dd HH:MM:SS yyyy [zone]        ctime(); the zone may stand before the year, as date(1) has it
---    yyyy-mm-dd[THH[:MM[:SS[.fraction]]]][Z|(+|-)HH[:MM]]    ISO 8601, also without the `-` and `:`
---
---Blanks and comments in parentheses may stand between the parts, around the colons of the time too (RFC 5322 section 4.3). Names of months have three
---letters, those of days (not checked against the date) three or all (`Monday`), written `Mon`, `mon` or `MON`. Years of two digits are 2000 to 2049
---and 1950 to 1999, of three digits count from 1900; a date before 1970 is none. A day that does not exist (29 February is checked) or a time that does
---not exist is no date; a second 60 is taken. Text behind the date is left alone, but for ISO 8601, where only a zone may follow directly.
---
---A zone is `+HHMM`, `-HHMM` or `+HH:MM` (fewer digits are minutes), or one of the names below in any case; without one the time is UTC. Any other name of two
---letters or more says nothing about the zone, and the time is UTC (RFC 5322 section 4.3), but `AM` and `PM` make it no date. A name with a distance is
---read too: `GMT+2` and `UTC+0200` are east of Greenwich; `EST5EDT` and `MSK-3MSD` are as POSIX has them (standard time, west is positive); it is no
---date when a known name has another distance or the sign may mean either (`MSK-3`).
---
---With `lenient` also: months written out or cut short behind the third letter (`September`, `Sept`) and in any mixture of upper and lower case, a word of any language and a comma in the place of the
---day, `12-Nov-2026`, seconds that are missing at the end, `AM` and `PM`; and a zone that cannot be read leaves the time UTC. Time linear in the string. Does not suspend.
---
---| offset | names |
---| --- | --- |
---| +1300 | NZDT |
---| +1200 | IDLE NZST NZT M |
---| +1100 | AESST L |
---| +1030 | ACSST CADT SADT |
---| +1000 | AEST EAST GST LIGT K |
---| +0930 | SAST CAST |
---| +0900 | AWSST JST KST MHT WDT I |
---| +0830 | MT |
---| +0800 | AWST CCT WADT WST H |
---| +0730 | JT |
---| +0700 | ALMST WAST CXT G |
---| +0630 | MMT |
---| +0600 | ALMT MAWT F |
---| +0500 | IOT MVT TFT E |
---| +0430 | AFT |
---| +0400 | MUT RET SCT D |
---| +0330 | IRT IT |
---| +0300 | EAT BT EETDST HMT C |
---| +0200 | BDST CEST CETDST EET FWT IST MEST METDST SST B |
---| +0100 | BST CET DNT FST MET MEWT MEZ NOR SET SWT WETDST A |
---| +0000 | GMT UTC UT ZULU WET Z |
---| -0100 | WAT FNST N |
---| -0200 | FNT BRST O |
---| -0230 | NDT |
---| -0300 | ADT AWT BRT P |
---| -0330 | NFT NST |
---| -0400 | AST ACST EDT Q |
---| -0500 | ACT CDT EST R |
---| -0600 | CST MDT S |
---| -0700 | MST PDT T |
---| -0800 | AKDT PST YDT U |
---| -0900 | AKST HDT YST V |
---| -0930 | MART |
---| -1000 | AHST HST CAT W |
---| -1100 | NT X |
---| -1200 | IDLW Y |
---@param string? string a text that begins with a date
---@param lenient? boolean|integer True: as careless programs write it, too.
---@return integer length how many octets were read, blanks and comments behind the date included; 0 when it is no date
---@return integer? seconds seconds since 1970-01-01 00:00:00 UTC; not there when `length` is 0
---@return boolean? zone_unknown with `lenient` only: true when there is no zone, none that is known, or `-0000`, so that the time is only known to within a day
function util.date_to_time(string, lenient) end

---The date of a header (RFC 5322 section 3.3): English names, whatever the language of the machine, and the clock of the zone that is given. Raises an error for a year before 1900 or behind 9999. Does not suspend.
---@param seconds number Seconds since 1970-01-01 00:00:00 UTC; a fraction does not count.
---@param zone? string|integer `+HHMM` or `-HHMM`, or minutes east of Greenwich.
---@return string date as in `Sun, 21 Sep 2003 22:04:27 +0200`
function util.time_to_date(seconds, zone) end

---The SHA-1 digest (20 octets; good for names of things, not against who wants two texts with the same one) of a string. Suspends for a string of more than 1 MiB.
---@param octets string Any octets.
---@param raw? boolean|integer True: the octets of the digest. False: hexadecimal digits, lower case.
---@return string digest hexadecimal digits, or octets
function util.sha1(octets, raw) end

---The SHA-256 digest (32 octets) of a string. Suspends for a string of more than 1 MiB.
---@param octets string Any octets.
---@param raw? boolean|integer True: the octets of the digest. False: hexadecimal digits, lower case.
---@return string digest hexadecimal digits, or octets
function util.sha256(octets, raw) end

---The keyed digest (HMAC, RFC 2104) of a string: only who has the key can make it, or tell that it is right. Suspends for a string of more than 1 MiB.
---@param algorithm string `md5`, `sha1`, `sha256` or `sha512`.
---@param key string Any octets.
---@param octets string Any octets.
---@param raw? boolean|integer True: the octets of the digest. False: hexadecimal digits, lower case.
---@return string digest hexadecimal digits, or octets
function util.hmac(algorithm, key, octets, raw) end

---Base64, in one line or in lines as mail wants them (76). Does not suspend.
---@param octets string Any octets.
---@param line_length? integer Characters of a line, a multiple of 4 from 4 to 996; lines end with CRLF, the last one too.
---@return string text base64 with padding; empty for no octets
function util.base64_encode(octets, line_length) end

---Reads base64. A character that is none of it, a letter too many or wrong padding makes it none: half of a text is not given. (The parts of a message are decoded more leniently, as mail programs do it.) Does not suspend.
---@param text string Base64; white space in it does not count, padding may be missing.
---@return string? octets nil when it is no base64
function util.base64_decode(text) end

---Octets that nobody can foretell, good for keys and tokens (`math.random` is not). Does not suspend.
---@param count integer 0 to 65536.
---@return string octets as many octets
function util.random_bytes(count) end

---Writes a value as JSON. A table with the keys 1 to n is an array, one with strings as keys an object, in the order of the keys; any other mix raises an error, as does what JSON does not have (a function, NaN, infinity), with the place where it stands. In strings, octets that are no UTF-8 become U+FFFD. Does not suspend.
---@param value any nil, a boolean, a number, a string, or a table of such, at most 15 deep.
---@param empty_is_array? boolean|integer True: an empty table is `[]`. False: `{}`.
---@return string text JSON without white space, in UTF-8; the same value gives the same text
function util.json_encode(value, empty_is_array) end

---Reads JSON: at most 1048576 octets, 100000 values, 15 tables deep; whatever is in the text, no error is raised. Arrays become tables with the keys 1 to n, objects tables with strings as keys (of a key that is there twice the last counts); a `null` in them is a hole, or what the second argument says. Numbers without a fraction are integers up to 2^53. Does not suspend.
---@param text string JSON in UTF-8.
---@param null? any What `null` becomes.
---@return any value nil when it is no JSON
---@return string? error why it is none; nil when it is
function util.json_decode(text, null) end

---The time of the machine, finer than `os.time`. It may go back when the machine is set. Does not suspend.
---@return number seconds seconds since 1970-01-01 00:00:00 UTC, with a fraction (milliseconds)
function util.time() end

---Waits. Others are served meanwhile; the hook ends when its own time is over (option `hook-time-limit`), or the client has gone. Suspends.
---@param seconds number 0 to 2147483; a fraction counts.
function util.sleep(seconds) end
