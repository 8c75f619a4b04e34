---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---What `dns.wait` gives.
---@class dns_answers
---@field [integer] dns_answer in the order of the queries
---@field [string] dns_answer by `CLASS,TYPE,name.`

---A question, and what became of it.
---@class dns_answer
---@field name string as it was asked, with a final dot
---@field class integer one of `dns.class`
---@field type integer one of `dns.type`, or another number
---@field rcode dns.rcode the outcome
---@field ttl integer seconds that the answer may be kept; 0 for failures
---@field error string? why smtpe has given up
---@field answer dns_record[]? look at `answer[1]`: it may be missing, and it may be empty
---@field authority dns_record[]? there when `answer` is
---@field extra dns_record[]? there when `answer` is

---A record; which fields there are depends on its type, see `dns.wait`.
---@class dns_record
---@field name string whose it is
---@field class integer one of `dns.class`
---@field type integer one of `dns.type`, or another number
---@field ttl integer seconds
---@field value string? what most types have: an address, a name, a text, octets
---@field preference integer? MX, NAPTR
---@field strings string[]? TXT: its strings one by one
---@field mname string? SOA
---@field rname string? SOA
---@field serial integer? SOA
---@field refresh integer? SOA
---@field retry integer? SOA
---@field expire integer? SOA
---@field minimum integer? SOA
---@field priority integer? SRV, SVCB, HTTPS
---@field weight integer? SRV
---@field port integer? SRV
---@field flags integer|string|nil CAA and DNSKEY: a number; NAPTR: a text
---@field tag string? CAA
---@field usage integer? TLSA
---@field selector integer? TLSA
---@field matching integer? TLSA
---@field key_tag integer? DS
---@field algorithm integer? DS, DNSKEY
---@field digest_type integer? DS
---@field order integer? NAPTR
---@field services string? NAPTR
---@field regexp string? NAPTR
---@field params string? SVCB, HTTPS
---@field cpu string? HINFO
---@field os string? HINFO
---@field rmailbx string? MINFO
---@field emailbx string? MINFO

---One of `dns.mx`.
---@class dns_mx
---@field preference integer the lowest is asked first
---@field value string the name of a host, with a final dot; nothing but a dot: the domain takes no mail

---Asks the name servers of /etc/resolv.conf, or of option `dns-servers`. Any number of queries are under way at once; `dns.wait` suspends the hook until they are answered. A query takes option `dns-max-timeout` seconds at most, repetitions, other servers and TCP included; while no name server answers anything at all, none of them is waited for: the query ends at once with `TIMEDOUT`. Answers are cached as long as their TTL allows, and a name that is in the cache is answered without waiting. What a hook has asked is forgotten when it ends.
---
---Names are given as ASCII, or as UTF-8 for international names. A name with an empty label, a label of more than 63 or altogether more than 253 octets, blanks, control characters or a backslash is not asked: the query ends with rcode `ERRNO`. Names in answers end in a dot; a dot or backslash inside a label is given as `\.` or `\\`, an octet that is no printable ASCII character as `\DDD` (RFC 1035 section 5.1), so that no answer can bring line ends or blanks into a header or log line.
---@class dns
dns = {}

---Classes of records.
---@enum dns.class
dns.class = {
  ---Internet
  IN = 1,
  ---CSNET (obsolete)
  CS = 2,
  ---Chaos
  CH = 3,
  ---Hesiod
  HS = 4,
  ---any class, in questions only
  ANY = 255,
}

---Types of records.
---@enum dns.type
dns.type = {
  ---IPv4 address
  A = 1,
  ---name server
  NS = 2,
  ---the name this one is an alias of
  CNAME = 5,
  ---start of a zone
  SOA = 6,
  ---any octets
  NULL = 10,
  ---name of an address
  PTR = 12,
  ---host information
  HINFO = 13,
  ---mailbox information
  MINFO = 14,
  ---mail exchanger
  MX = 15,
  ---text
  TXT = 16,
  ---IPv6 address
  AAAA = 28,
  ---location (RFC 1876)
  LOC = 29,
  ---host and port of a service (RFC 2782)
  SRV = 33,
  ---naming authority pointer (RFC 3403)
  NAPTR = 35,
  ---the tree this one is an alias of (RFC 6672)
  DNAME = 39,
  ---delegation signer (RFC 4034)
  DS = 43,
  ---fingerprint of an SSH key (RFC 4255)
  SSHFP = 44,
  ---signature of records (RFC 4034)
  RRSIG = 46,
  ---public key of a zone (RFC 4034)
  DNSKEY = 48,
  ---certificate association, DANE (RFC 6698)
  TLSA = 52,
  ---certificate association of a mail address (RFC 8162)
  SMIMEA = 53,
  ---OpenPGP key of a mail address (RFC 7929)
  OPENPGPKEY = 61,
  ---service binding (RFC 9460)
  SVCB = 64,
  ---service binding of a web service (RFC 9460)
  HTTPS = 65,
  ---sender policy, as a type given up for TXT (RFC 7208)
  SPF = 99,
  ---all types a server cares to give, in questions only (RFC 8482)
  ANY = 255,
  ---the URI of a service (RFC 7553)
  URI = 256,
  ---certification authority authorisation (RFC 8659)
  CAA = 257,
}

---Outcomes of a query.
---@enum dns.rcode
dns.rcode = {
  ---answered; there may be no record of that type
  OK = 0,
  ---the same as OK
  NOERROR = 0,
  ---the server did not understand the query
  FORMAT = 1,
  ---the servers could not find out, or answered nonsense
  SERVFAIL = 2,
  ---there is no such name
  NXDOMAIN = 3,
  ---the server cannot do that
  NOT_IMPLEMENTED = 4,
  ---every server refused to answer
  REFUSED = 5,
  ---not asked (name not allowed, too many queries) or no server could be reached
  ERRNO = 16,
  ---no answer in time
  TIMEDOUT = 17,
  ---the same as TIMEDOUT
  TIMEOUT = 17,
}

---Has to be called before `dns.query`; it lasts until the hook ends. Calling it again does nothing. Does not suspend.
function dns.open() end

---Forgets all queries and answers, and ends what `dns.open` began. Harmless when not open. Does not suspend.
function dns.close() end

---Forgets all queries and answers, as before another round. A late answer to one of them is ignored. Does not suspend.
function dns.reset() end

---Sends a query; its answer is fetched by `dns.wait`. Any number may be sent before; beyond option `dns-session-queries` pending ones the query is not sent and ends with rcode `ERRNO`. A final dot is added to the name when it has none; there are no search domains. A PTR query for an IPv4 or IPv6 address asks for its name in `in-addr.arpa` or `ip6.arpa`, and has that name in its answer and key. Without `dns.open` nothing is asked, and the log says so. Does not suspend.
---@param class? integer|string Class: a number or a name of `dns.class`.
---@param type? integer|string Type: a number, a name of `dns.type` or of the registry of types (`RP`, `CERT`, `NSEC` ...), or `TYPE65280`.
---@param name? string Domain name; nil or an empty one is not asked. For PTR also an IP address.
function dns.query(class, type, name) end

---Asks for the A records of a name and waits, by the rules of `dns.query` and `dns.wait`. Needs no `dns.open`, and leaves what was asked by `dns.query` alone; it counts for `dns-session-queries`. Several names at once are faster by `dns.query`. Suspends, unless the answer is in the cache.
---@param name string Domain name.
---@return string[]? list The IPv4 addresses; empty when there are none; nil when that could not be found out.
---@return dns.rcode rcode One of `dns.rcode`: with a list `OK` or `NXDOMAIN`.
---@return string? error Why it could not be found out, where smtpe gave up.
function dns.a(name) end

---Asks for the AAAA records of a name and waits, by the rules of `dns.query` and `dns.wait`. Needs no `dns.open`, and leaves what was asked by `dns.query` alone; it counts for `dns-session-queries`. Several names at once are faster by `dns.query`. Suspends, unless the answer is in the cache.
---@param name string Domain name.
---@return string[]? list The IPv6 addresses; empty when there are none; nil when that could not be found out.
---@return dns.rcode rcode One of `dns.rcode`: with a list `OK` or `NXDOMAIN`.
---@return string? error Why it could not be found out, where smtpe gave up.
function dns.aaaa(name) end

---Asks for the MX records of a name and waits, by the rules of `dns.query` and `dns.wait`. Needs no `dns.open`, and leaves what was asked by `dns.query` alone; it counts for `dns-session-queries`. Several names at once are faster by `dns.query`. Suspends, unless the answer is in the cache.
---@param name string Domain name.
---@return dns_mx[]? list The tables with `preference` and `value` (the name of a host, with a final dot; nothing but a dot: the domain takes no mail, RFC 7505), ascending by preference; empty when there are none; nil when that could not be found out.
---@return dns.rcode rcode One of `dns.rcode`: with a list `OK` or `NXDOMAIN`.
---@return string? error Why it could not be found out, where smtpe gave up.
function dns.mx(name) end

---Asks for the PTR records of a name and waits, by the rules of `dns.query` and `dns.wait`. Needs no `dns.open`, and leaves what was asked by `dns.query` alone; it counts for `dns-session-queries`. Several names at once are faster by `dns.query`. Suspends, unless the answer is in the cache.
---@param name string An IPv4 or IPv6 address, or a name in `in-addr.arpa` or `ip6.arpa`.
---@return string[]? list The names, with a final dot. They are what the owner of the address says: `dns.a` or `dns.aaaa` of one has to give the address; empty when there are none; nil when that could not be found out.
---@return dns.rcode rcode One of `dns.rcode`: with a list `OK` or `NXDOMAIN`.
---@return string? error Why it could not be found out, where smtpe gave up.
function dns.ptr(name) end

---Asks for the TXT records of a name and waits, by the rules of `dns.query` and `dns.wait`. Needs no `dns.open`, and leaves what was asked by `dns.query` alone; it counts for `dns-session-queries`. Several names at once are faster by `dns.query`. Suspends, unless the answer is in the cache.
---@param name string Domain name.
---@return string[]? list The texts, of each record all strings without anything between them, any octets; empty when there are none; nil when that could not be found out.
---@return dns.rcode rcode One of `dns.rcode`: with a list `OK` or `NXDOMAIN`.
---@return string? error Why it could not be found out, where smtpe gave up.
function dns.txt(name) end

---Waits for answers and gives all that have come since `dns.open` or `dns.reset`: an array in the order of the queries; the same tables are also found by the key `CLASS,TYPE,name.`, the name as it was asked (case kept) with a final dot, e.g. `IN,MX,example.com.`; a type that is not in `dns.type` stands there by its number, `IN,TYPE17,example.com.` (RFC 3597). When the same question was asked twice the array has both, the key the later one. Nothing asked: an empty table, at once.
---
---Each entry has `name`, `class`, `type`, `rcode`, and `ttl`: the seconds that the answer may be kept, 0 for failures. Every query has an entry, also one that failed: then `rcode` is not `dns.rcode.OK`, and `error` says why when it was smtpe that gave up (`ERRNO`, `TIMEDOUT`, `SERVFAIL` for a malformed answer). `answer`, `authority` and `extra` are arrays of records; all three are there when `rcode` is OK and at least one record came, else none of them. So a name without a record of that type has no `answer` or an empty one (when the server sent its SOA in `authority`): look at `answer[1]`. Aliases are followed: their CNAME records stand in `answer` before what was asked for. Records of other types than asked for are dropped, whatever the server sent.
---
---| type | fields besides `name`, `class`, `type`, `ttl` (seconds) |
---| --- | --- |
---| A AAAA | `value`: address (RFC 5952; `::ffff:a.b.c.d` for a mapped one) |
---| NS PTR CNAME DNAME | `value`: name |
---| MX | `preference`, `value`: name. Ascending by preference |
---| TXT | `value`: all strings of the record without anything between them, any octets; `strings`: an array of them |
---| SOA | `mname`, `rname`, `serial`, `refresh`, `retry`, `expire`, `minimum` |
---| SRV | `priority`, `weight`, `port`, `value`: name |
---| CAA | `flags`, `tag`, `value` |
---| TLSA | `usage`, `selector`, `matching`, `value`: hexadecimal |
---| DS | `key_tag`, `algorithm`, `digest_type`, `value`: hexadecimal |
---| DNSKEY | `flags`, `protocol`, `algorithm`, `value`: base64 |
---| NAPTR | `order`, `preference`, `flags`, `services`, `regexp`, `value`: name |
---| SVCB HTTPS | `priority`, `value`: name, `params`: text as in a zone file (RFC 9460), e.g. `alpn=h2,h3 port=8443` |
---| HINFO | `cpu`, `os` |
---| MINFO | `rmailbx`, `emailbx` |
---| NULL and all others | `value`: the octets of the record |
---
---Suspends, unless the answers are already there.
---@param for_all_flag? boolean|integer True: until nothing is pending. False: until there is an answer not given before.
---@param seconds? number The longest to wait, 0 to 3600: then what has come is given, and the rest stays pending. Default: as long as the queries take.
---@return dns_answers answers All answers so far; empty when there are none.
function dns.wait(for_all_flag, seconds) end

---The same as `dns.wait`.
---@param for_all_flag? boolean|integer True: until nothing is pending. False: until there is an answer not given before.
---@param seconds? number The longest to wait, 0 to 3600: then what has come is given, and the rest stays pending. Default: as long as the queries take.
---@return dns_answers answers All answers so far; empty when there are none.
function dns.poll(for_all_flag, seconds) end

---Whether there are queries without an answer. Does not suspend.
---@return boolean boolean True while an answer is missing.
function dns.ispending() end

---Whether two records are equal: name and names in the data without regard to case, class, type, and data (A and AAAA: address; MX: preference and name; SOA: serial; TXT: octets; others: all fields). The TTL does not count. The same value twice is equal, nil never. Does not suspend.
---@param RR1 dns_record A record of an answer.
---@param RR2 dns_record Another one.
---@return boolean boolean True when they are equal.
function dns.isequal(RR1, RR2) end

---The name of a class. Does not suspend.
---@param class integer The number.
---@return string name The name, or `(unknown)`.
function dns.classname(class) end

---The name of a type. Does not suspend.
---@param type integer The number.
---@return string name The name, or `(unknown)`.
function dns.typename(type) end

---An outcome in words: OK, FORMAT, SERVER, NXDOMAIN, NOT IMPLEMENTED, REFUSED, ERRNO, TIMED OUT. Does not suspend.
---@param rcode integer The number.
---@return string name The name, or `(unknown)`.
function dns.rcodename(rcode) end
