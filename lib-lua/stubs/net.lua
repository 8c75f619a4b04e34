---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---IP addresses and domains, without asking the network.
---
---An address may be `192.0.2.1`, `2001:db8::1`, `::ffff:192.0.2.1` or `::192.0.2.1`, with blanks, `[...]` and `IPv6:` around it and a port or
---a zone behind it (`192.0.2.1:25`, `fe80::1%eth0`). With any other text behind it (`192.0.2.1.example.com`) it is none. The notations of an IPv4 address are one value. Short forms (`10.1`) and
---hexadecimal or octal numbers are no addresses; leading zeros are decimal.
---@class net
net = {}

---Classes of addresses for `net.is_ip_reserved`, to be added up.
---@enum net.is_ip
net.is_ip = {
  ---198.18.0.0/15, 2001:2::/48: benchmarking, RFC 2544 and RFC 5180
  BENCHMARK = 1,
  ---169.254.0.0/16, fe80::/10: link-local, RFC 3927 and RFC 4291
  LINK_LOCAL = 2,
  ---127.0.0.1/32, ::1/128: the loopback addresses proper
  LOCALHOST = 4,
  ---127.0.0.0/8 without 127.0.0.1
  LOOPBACK = 8,
  ---224.0.0.0/4, ff00::/8: multicast, RFC 5771 and RFC 4291
  MULTICAST = 16,
  ---10.0.0.0/8: private, RFC 1918
  PRIVATE_A = 32,
  ---172.16.0.0/12: private, RFC 1918
  PRIVATE_B = 64,
  ---192.168.0.0/16: private, RFC 1918
  PRIVATE_C = 128,
  ---IPv6 outside 2000::/3, the global unicast addresses; never IPv4
  RESERVED = 256,
  ---fec0::/10: site-local, RFC 3879 (deprecated)
  SITE_LOCAL = 512,
  ---192.0.2.0/24, 2001:db8::/32: documentation, RFC 5737 and RFC 3849
  TEST_NET = 1024,
  ---0.0.0.0/32: the unspecified address, 0.0.0.0 and ::
  THIS_HOST = 2048,
  ---0.0.0.0/8: this network, RFC 1122: 0.0.0.0/8, and so all of ::/104 (:: and ::1 too)
  THIS_NET = 4096,
  ---holds an IPv4 address: `a.b.c.d`, `::a.b.c.d` (a not 0), `::ffff:a.b.c.d`
  V4_COMPATIBLE = 8192,
  ---the same: all notations of an IPv4 address are one value
  V4_MAPPED = 16384,
  ---any other address
  V6 = 32768,
  ---255.255.255.255/32: limited broadcast, RFC 919
  BROADCAST = 131072,
  ---192.88.99.0/24: 6to4 relay anycast, RFC 7526 (deprecated)
  V6TO4_RELAY = 262144,
  ---192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32, 3fff::/20: all documentation networks, RFC 5737, RFC 3849, RFC 9637
  DOCUMENTATION = 524288,
  ---100.64.0.0/10: carrier-grade NAT, RFC 6598
  SHARED = 2097152,
  ---240.0.0.0/4: reserved for future use, RFC 1112; the broadcast address too
  CLASS_E = 4194304,
  ---192.0.0.0/24: IETF protocol assignments, RFC 6890
  PROTOCOL = 8388608,
  ---fc00::/7: unique local addresses, RFC 4193
  ULA = 16777216,
  ---64:ff9b::/96, 64:ff9b:1::/48: IPv4/IPv6 translation, RFC 6052 and RFC 8215
  NAT64 = 33554432,
  ---2002::/16: 6to4, RFC 3056
  V6TO4 = 67108864,
  ---2001::/32: Teredo, RFC 4380
  TEREDO = 134217728,
  ---100::/64, 100:0:0:1::/64: discard-only and dummy prefix, RFC 6666 and RFC 9780
  DISCARD = 268435456,
  ---2001:10::/28, 2001:20::/28: hash identifiers that look like addresses, RFC 4843 (deprecated) and RFC 7343
  ORCHID = 536870912,
  ---V4_COMPATIBLE + V4_MAPPED: is it IPv4?
  V4 = 24576,
  ---0xffff - (V4 + V6): every class of the API text
  ANY = 8191,
  ---BENCHMARK + TEST_NET
  TEST = 1025,
  ---THIS_HOST + LOCALHOST + LOOPBACK
  LOCAL = 2060,
  ---PRIVATE_A + PRIVATE_B + PRIVATE_C + LINK_LOCAL + SITE_LOCAL
  LAN = 738,
  ---TEST + LOCAL + LAN + MULTICAST + RESERVED (spelled so in the API text)
  RESTICTED = 4095,
  ---the same as RESTICTED
  RESTRICTED = 4095,
  ---every network of this table whose addresses no mail server on the Internet has: the private, reserved and documentation networks, and those of translators and tunnels (V6TO4_RELAY, V6TO4, TEREDO, NAT64)
  NOT_GLOBAL = 1072570367,
}

---Is the address in the network? The prefix of an IPv4 network counts up to 32 bits, that of an IPv6 network up to 128. Host bits of
---the network do not matter. IPv4 addresses are the same in all notations: `127.0.0.0/8` contains `::ffff:127.0.0.1`, and `::/0` contains
---every IPv4 address. Raises an error for nil, and for a network that is none: without an address, with an empty, negative or too long prefix, or
---with other text, so that a mistake in a list of trusted networks trusts nobody. False when the address cannot be read; a name that begins like one
---(`10.1.1.1.example.com`) is none. Does not suspend.
---@param net_cidr string network as address/prefix, e.g. `192.0.2.0/24` or `2001:db8::/32`; an address alone is the network of that address; several with blanks, commas or semicolons between them
---@param ip string address
---@return boolean inside true when the address lies in one of the networks
function net.contains_ip(net_cidr, ip) end

---Does the string end with a public suffix? By the [Public Suffix List](https://publicsuffix.org): registries (`com`, `co.uk`) and companies that hand out names below their own (`blogspot.com`); in any case, in punycode or UTF-8. What is before the suffix does not matter, and there may be nothing. Does not suspend.
---@param string? string a domain, or a text that ends with one; a final dot does not matter
---@return boolean valid true when there is such a suffix
function net.has_valid_tld(string) end

---Are the last `level` labels together a public suffix? By the [Public Suffix List](https://publicsuffix.org): registries (`com`, `co.uk`) and companies that hand out names below their own (`blogspot.com`); in any case, in punycode or UTF-8. False for other levels. Does not suspend.
---@param string? string a domain, or a text that ends with one; a final dot does not matter
---@param level? integer how many labels the suffix has: 1 to 3
---@return boolean valid true when they are
function net.has_valid_nth_tld(string, level) end

---Where does the longest public suffix begin that the string ends with? By the [Public Suffix List](https://publicsuffix.org): registries (`com`, `co.uk`) and companies that hand out names below their own (`blogspot.com`); in any case, in punycode or UTF-8. The label before it is the registered domain. Does not suspend.
---@param string? string a domain, or a text that ends with one; a final dot does not matter
---@return integer offset where the suffix begins, from 1; 0 when there is none
function net.index_valid_tld(string) end

---Where do the last `level` labels begin, when they are together a public suffix? By the [Public Suffix List](https://publicsuffix.org): registries (`com`, `co.uk`) and companies that hand out names below their own (`blogspot.com`); in any case, in punycode or UTF-8. 0 for other levels. Does not suspend.
---@param string? string a domain, or a text that ends with one; a final dot does not matter
---@param level? integer how many labels the suffix has: 1 to 3
---@return integer offset where they begin, from 1; 0 when they are none
function net.index_valid_nth_tld(string, level) end

---The name under which an address is looked up: the octets of IPv4 or the 32 nibbles of IPv6 in reverse order, for DNS lists (RFC 5782),
---or with `.in-addr.arpa.` or `.ip6.arpa.` behind it. `[...]` and `IPv6:` around the address and a port behind an IPv4 address or `]` do not
---matter, in any combination. `::ffff:a.b.c.d` is taken as IPv6. A text without a colon is reversed at its dots whatever it is (`www.example.com`). Of an
---incomplete IPv6 address without `::` the groups are used (`2001:db8` for the zone of a network); any other text with a colon gives "". Does not
---suspend.
---@param address string an IP address
---@param arpa_suffix boolean|integer true: the complete name of the PTR record, with its final dot
---@return string name the parts of the address in reverse order, with dots
function net.reverse_ip(address, arpa_suffix) end

---Does the host name hold its address, as names of dial-up, cable and hosted clients do? The tests look for the octets a.b.c.d, in
---this order:
---
---| code | test |
---| --- | --- |
---| 1 | hexadecimal: the address as 8 digits, a 16-bit half above 255, or two neighbouring octets as 4 digits |
---| 2 | decimal: the address as one number, a 16-bit half above 255, or two neighbouring octets as 6 digits |
---| 3 | octal: the address as one number, a 16-bit half above 255, or two neighbouring octets as 6 digits |
---| 10 | two neighbouring octets as 2 hexadecimal digits each, with punctuation between (code 1 comes first) |
---| 11 | two neighbouring octets in decimal, with punctuation between |
---| 12 | two neighbouring octets as 3 octal digits each, with punctuation between (code 3 comes first) |
---| 5 | the name begins with exactly two hexadecimal digits, and they are the last octet |
---| 6 | the name begins with a number of up to three digits that is the last octet |
---| 7 | `-`, the last octet as 3 decimal digits, punctuation |
---| 8 | `-`, the last octet in decimal, punctuation |
---| 9 | the third octet in decimal and, behind its first digit, the last octet in decimal |
---
---Neighbouring octets are a-b, b-c, c-d, d-c, c-b and b-a. In all but 5 and 6 punctuation in the name is passed over between digits and need
---not stand around them, so short numbers are found by chance: weigh the codes, and pass names in lower case, since hexadecimal is looked for in lower
---case. Of an IPv6 address the last four octets are used. Does not suspend.
---@param ipv4? string an IPv4 address
---@param string? string a host name in lower case
---@return integer? code the number of the first test that matched, 0 when none did; nil when the address cannot be read
function net.is_ipv4_in_name(ipv4, string) end

---The first IPv4 or IPv6 address in a text, without brackets or tag. Letters may touch an IPv4 address, and digits its left end (of
---`1234.5.6.7` it is `234.5.6.7`), but a number with another dot behind it is no part of one. An IPv6 address stands alone between characters
---that are no letters or digits; `::` alone is not looked for. Time linear in the string. Does not suspend.
---@param string? string any text
---@return integer? offset where the first address begins, from 1; nil when there is none
---@return integer? span how long it is
function net.find_ip(string) end

---An address in one certain notation, in lower case. IPv4 addresses are `a.b.c.d` in every style, also when they were given as
---`::ffff:a.b.c.d` or `::a.b.c.d`. With `compact` IPv6 is as RFC 5952 recommends, e.g. `2001:db8::1`; without it has eight groups, e.g.
---`2001:db8:0:0:0:0:0:1`; with 2 they are padded, e.g. `2001:0db8:0000:0000:0000:0000:0000:0001`. A zone, a port or a
---`/prefix` behind the address is left out. Does not suspend.
---@param string? string an IP address in any notation
---@param compact? boolean|integer false or 0: eight groups; true or 1: the form of RFC 5952; 2: eight groups of four digits
---@return string text "" when the address cannot be read
function net.format_ip(string, compact) end

---Is the address in one of the classes that are asked for? False when it cannot be read. Add constants with `|` or `+` (with `+` each bit only once). Does not suspend.
---@param address? string an IP address
---@param is_ip_bits? integer the sum of constants of `net.is_ip`
---@return boolean applies true when the address is in one of the classes
function net.is_ip_reserved(address, is_ip_bits) end

---The network of an address, one spelling for each: a key for what is counted or remembered of a neighbourhood and not of an address, of which who has one IPv6 network has billions. IPv4 addresses are the same in all notations, but `::a.b.c.d`. Raises an error for bits that an address does not have. Does not suspend.
---@param address string an IP address, as `client.address`
---@param v4? integer bits of an IPv4 address that are kept, 0 to 32
---@param v6? integer bits of an IPv6 address that are kept, 0 to 128
---@return string? network `address/bits`; nil when the address cannot be read
function net.network(address, v4, v6) end

---What two forms of one domain have in common: a name in UTF-8 (U-labels) and the same in A-labels (`xn--exmple-cua.com`) are one. A domain in ASCII is only put into lower case. Nil when octets above 127 are no UTF-8, or no U-labels: full width letters and others that IDNA makes another name of. Does not suspend.
---@param domain string a domain, as the second argument of `hook.mail` and `hook.rcpt`
---@return string? ascii the domain in A-labels and lower case; nil when it is none
function net.to_ascii(domain) end
