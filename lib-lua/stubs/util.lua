---@meta
-- Made by npm run reference. Do not edit.

---What policies need besides: the machine, directories, dates.
---@class util
util = {}

---How many processors the machine has. Does not suspend.
---@return integer count at least 1
function util.cpucount() end

---The load averages of the machine, as `[1]`, `[2]`, `[3]` and as fields `["1m_avg"]`, `["5m_avg"]`, `["15m_avg"]` (in brackets: such names cannot stand behind a dot). Does not suspend.
---@return table averages the averages of 1, 5 and 15 minutes
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
---date when a known name has another distance or the sign may mean either (`MSK-3`). Time linear in the string. Does not suspend.
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
---@return integer length how many octets were read, blanks and comments behind the date included; 0 when it is no date
---@return integer? seconds seconds since 1970-01-01 00:00:00 UTC; not there when `length` is 0
function util.date_to_time(string) end
