// Lua module net: IP addresses, networks, addresses in names, public suffixes. The work is done in src/net-address.
import { splitList } from '../base/lists.ts';
import { type FunctionSpec, LuaError, luaFunction, type Param } from '../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../lua-api/module-spec.ts';
import { bytes, flag, optionalBytes, optionalInteger } from '../lua-api/params.ts';
import { findIp } from '../net-address/find-ip.ts';
import { formatIp } from '../net-address/format-ip.ts';
import { domainInAscii } from '../net-address/idn.ts';
import { parseIpAlone } from '../net-address/ip-address.ts';
import { classifyIp, ipClasses, ipClassSets } from '../net-address/ip-class.ts';
import { ipv4InName, ipv4InNameCodes } from '../net-address/ip-in-name.ts';
import { type Network, networkContains, networkText, parseNetwork } from '../net-address/network.ts';
import { suffixIndex, suffixIndexAtLevel } from '../net-address/public-suffix.ts';
import { reverseIp } from '../net-address/reverse-ip.ts';

/** All networks of a list must be right: a typo in an allow list must not be passed over. */
function readNetworks(list: string): readonly Network[] {
  const items = splitList(list);
  if (items.length === 0) throw new LuaError(notNetwork(list));
  return items.map((item) => {
    const network = parseNetwork(item);
    if (network === undefined) throw new LuaError(notNetwork(item));
    return network;
  });
}

function notNetwork(item: string): string {
  return `bad argument #1 to 'net.contains_ip' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got ${JSON.stringify(item.slice(0, 80))})`;
}

const containsIp = luaFunction({
  name: 'contains_ip',
  params: [
    bytes(
      'net_cidr',
      'network as address/prefix, e.g. `192.0.2.0/24` or `2001:db8::/32`; an address alone is the network of that address; several with blanks, commas or semicolons between them',
    ),
    bytes('ip', 'address'),
  ],
  results: [{ name: 'inside', type: 'boolean', text: 'true when the address lies in one of the networks' }],
  text: `Is the address in the network? The prefix of an IPv4 network counts up to 32 bits, that of an IPv6 network up to 128. Host bits of
the network do not matter. IPv4 addresses are the same in all notations: \`127.0.0.0/8\` contains \`::ffff:127.0.0.1\`, and \`::/0\` contains
every IPv4 address. Raises an error for nil, and for a network that is none: without an address, with an empty, negative or too long prefix, or
with other text, so that a mistake in a list of trusted networks trusts nobody. False when the address cannot be read; a name that begins like one
(\`10.1.1.1.example.com\`) is none. Does not suspend.`,
  examples: [
    `assert(net.contains_ip("192.168.0.0/16", "192.168.1.2"))
assert(not net.contains_ip("192.168.0.0/16", "192.169.1.2"))
assert(net.contains_ip("2001:db8::/32", "2001:db8::1"))
assert(net.contains_ip("127.0.0.0/8", "::ffff:127.0.0.1"))`,
    `assert(net.contains_ip("192.0.2.1, 198.51.100.0/24", "198.51.100.7"))
assert(not net.contains_ip("10.0.0.0/8", "10.1.1.1.example.com"))
assert(not pcall(net.contains_ip, "10.0.0.0/", "10.1.1.1"))
assert(not pcall(net.contains_ip, nil, "10.1.1.1"))`,
  ],
  call: (_, cidr, address) => {
    const networks = readNetworks(cidr);
    const ip = parseIpAlone(address);
    return [ip !== undefined && networks.some((network) => networkContains(network, ip))];
  },
});

const domain = optionalBytes(
  'string',
  'a domain, or a text that ends with one; a final dot does not matter',
  '',
);
const level = optionalInteger('level', 'how many labels the suffix has: 1 to 3', 1);
const suffixList =
  'By the [Public Suffix List](https://publicsuffix.org): registries (`com`, `co.uk`) and companies that hand out names below their own ' +
  '(`blogspot.com`); in any case, in punycode or UTF-8.';

const hasValidTld = luaFunction({
  name: 'has_valid_tld',
  params: [domain],
  results: [{ name: 'valid', type: 'boolean', text: 'true when there is such a suffix' }],
  text: `Does the string end with a public suffix? ${suffixList} What is before the suffix does not matter, and there may be nothing. Does not suspend.`,
  examples: [
    `assert(net.has_valid_tld("www.example.com"))
assert(net.has_valid_tld("example.co.uk."))
assert(not net.has_valid_tld("mail.example.invalid"))
assert(not net.has_valid_tld("127.0.0.1"))`,
  ],
  call: (_, text) => [suffixIndex(text) >= 0],
});

const hasValidNthTld = luaFunction({
  name: 'has_valid_nth_tld',
  params: [domain, level],
  results: [{ name: 'valid', type: 'boolean', text: 'true when they are' }],
  text: `Are the last \`level\` labels together a public suffix? ${suffixList} False for other levels. Does not suspend.`,
  examples: [
    `assert(net.has_valid_nth_tld("example.co.uk", 1))
assert(net.has_valid_nth_tld("example.co.uk", 2))
assert(not net.has_valid_nth_tld("www.example.com", 2))`,
  ],
  call: (_, text, labels) => [levelIndex(text, labels) > 0],
});

const indexValidTld = luaFunction({
  name: 'index_valid_tld',
  params: [domain],
  results: [
    { name: 'offset', type: 'integer', text: 'where the suffix begins, from 1; 0 when there is none' },
  ],
  text: `Where does the longest public suffix begin that the string ends with? ${suffixList} The label before it is the registered domain. Does not suspend.`,
  examples: [
    `local name = "www.example.co.uk"
local at = net.index_valid_tld(name)
assert(name:sub(at) == "co.uk")
assert(name:sub(1, at - 2):match("[^.]+$") == "example")
assert(net.index_valid_tld("localhost") == 0)`,
  ],
  call: (_, text) => [suffixIndex(text) + 1],
});

const indexValidNthTld = luaFunction({
  name: 'index_valid_nth_tld',
  params: [domain, level],
  results: [{ name: 'offset', type: 'integer', text: 'where they begin, from 1; 0 when they are none' }],
  text: `Where do the last \`level\` labels begin, when they are together a public suffix? ${suffixList} 0 for other levels. Does not suspend.`,
  examples: [
    `assert(net.index_valid_nth_tld("example.co.uk", 1) == 12)
assert(net.index_valid_nth_tld("example.co.uk", 2) == 9)
assert(net.index_valid_nth_tld("example.com", 2) == 0)`,
  ],
  call: (_, text, labels) => [levelIndex(text, labels)],
});

function levelIndex(text: string, labels: number): number {
  return labels >= 1 && labels <= 3 ? suffixIndexAtLevel(text, labels) + 1 : 0;
}

const toAscii = luaFunction({
  name: 'to_ascii',
  params: [bytes('domain', 'a domain, as the second argument of `hook.mail` and `hook.rcpt`')],
  results: [
    { name: 'ascii', type: 'string?', text: 'the domain in A-labels and lower case; nil when it is none' },
  ],
  text:
    'What two forms of one domain have in common: a name in UTF-8 (U-labels) and the same in A-labels (`xn--exmple-cua.com`) are one. ' +
    'A domain in ASCII is only put into lower case. Nil when octets above 127 are no UTF-8, or no U-labels: full width letters and others ' +
    'that IDNA makes another name of. Does not suspend.',
  examples: [
    `assert(net.to_ascii("ex\\xc3\\xa4mple.com") == "xn--exmple-cua.com")
assert(net.to_ascii("EX\\xc3\\x84MPLE.com") == net.to_ascii("XN--EXMPLE-CUA.com"))
assert(net.to_ascii("Example.com") == "example.com")
assert(net.to_ascii("\\xff.example.com") == nil)`,
  ],
  call: (_, domain) => [domainInAscii(domain)],
});

const reverse = luaFunction({
  name: 'reverse_ip',
  params: [
    bytes('address', 'an IP address'),
    flag('arpa_suffix', 'true: the complete name of the PTR record, with its final dot'),
  ],
  results: [{ name: 'name', type: 'string', text: 'the parts of the address in reverse order, with dots' }],
  text: `The name under which an address is looked up: the octets of IPv4 or the 32 nibbles of IPv6 in reverse order, for DNS lists (RFC 5782),
or with \`.in-addr.arpa.\` or \`.ip6.arpa.\` behind it. \`[...]\` and \`IPv6:\` around the address and a port behind an IPv4 address or \`]\` do not
matter, in any combination. \`::ffff:a.b.c.d\` is taken as IPv6. A text without a colon is reversed at its dots whatever it is (\`www.example.com\`). Of an
incomplete IPv6 address without \`::\` the groups are used (\`2001:db8\` for the zone of a network); any other text with a colon gives "". Does not
suspend.`,
  examples: [
    `assert(net.reverse_ip("192.0.2.1", false) == "1.2.0.192")
assert(net.reverse_ip("192.0.2.1", true) == "1.2.0.192.in-addr.arpa.")
assert(net.reverse_ip("[192.0.2.1]:25", true) == "1.2.0.192.in-addr.arpa.")
assert(net.reverse_ip("2001:db8", 1) == "8.b.d.0.1.0.0.2.ip6.arpa.")
assert(#net.reverse_ip("2001:db8::1", false) == 63)`,
  ],
  call: (_, address, arpa) => [reverseIp(address, arpa)],
});

const isIpv4InName = luaFunction({
  name: 'is_ipv4_in_name',
  params: [
    optionalBytes('ipv4', 'an IPv4 address', ''),
    optionalBytes('string', 'a host name in lower case', ''),
  ],
  results: [
    {
      name: 'code',
      type: 'integer?',
      text: 'the number of the first test that matched, 0 when none did; nil when the address cannot be read',
    },
  ],
  text: `Does the host name hold its address, as names of dial-up, cable and hosted clients do? The tests look for the octets a.b.c.d, in
this order:

| code | test |
| --- | --- |
${ipv4InNameCodes.map(({ code, text }) => `| ${code} | ${text} |`).join('\n')}

Neighbouring octets are a-b, b-c, c-d, d-c, c-b and b-a. In all but 5 and 6 punctuation in the name is passed over between digits and need
not stand around them, so short numbers are found by chance: weigh the codes, and pass names in lower case, since hexadecimal is looked for in lower
case. Of an IPv6 address the last four octets are used. Does not suspend.`,
  examples: [
    `assert(net.is_ipv4_in_name("192.0.2.33", "host-c0000221.example.net") == 1)
assert(net.is_ipv4_in_name("192.0.2.33", "33.2.0.192.dyn.example.net") == 11)
assert(net.is_ipv4_in_name("192.0.2.33", "mail.example.net") == 0)`,
  ],
  call: (_, address, name) => {
    const ip = parseIpAlone(address);
    return [ip === undefined ? undefined : ipv4InName([...ip.octets.subarray(12)], name)];
  },
});

const find = luaFunction({
  name: 'find_ip',
  params: [optionalBytes('string', 'any text', '')],
  results: [
    {
      name: 'offset',
      type: 'integer?',
      text: 'where the first address begins, from 1; nil when there is none',
    },
    { name: 'span', type: 'integer?', text: 'how long it is' },
  ],
  text: `The first IPv4 or IPv6 address in a text, without brackets or tag. Letters may touch an IPv4 address, and digits its left end (of
\`1234.5.6.7\` it is \`234.5.6.7\`), but a number with another dot behind it is no part of one. An IPv6 address stands alone between characters
that are no letters or digits; \`::\` alone is not looked for. Time linear in the string. Does not suspend.`,
  examples: [
    `local header = "Received: from mx ([192.0.2.7]) by us"
local at, span = net.find_ip(header)
assert(header:sub(at, at + span - 1) == "192.0.2.7")`,
    `local at, span = net.find_ip("from [IPv6:2001:db8::1]")
assert(at == 12 and span == 11)
assert(net.find_ip("12:34:56") == nil)`,
  ],
  call: (_, text) => {
    const found = findIp(text);
    return found === undefined ? [undefined] : [found.offset + 1, found.length];
  },
});

/** 0, 1 or 2; booleans are 0 and 1. */
const style: Param<number> = {
  ...optionalInteger(
    'compact',
    'false or 0: eight groups; true or 1: the form of RFC 5952; 2: eight groups of four digits',
    0,
  ),
  type: 'boolean|integer',
  read: (value) => optionalInteger('compact', '', 0).read(typeof value === 'boolean' ? Number(value) : value),
};

const format = luaFunction({
  name: 'format_ip',
  params: [optionalBytes('string', 'an IP address in any notation', ''), style],
  results: [{ name: 'text', type: 'string', text: '"" when the address cannot be read' }],
  text: `An address in one certain notation, in lower case. IPv4 addresses are \`a.b.c.d\` in every style, also when they were given as
\`::ffff:a.b.c.d\` or \`::a.b.c.d\`. With \`compact\` IPv6 is as RFC 5952 recommends, e.g. \`2001:db8::1\`; without it has eight groups, e.g.
\`2001:db8:0:0:0:0:0:1\`; with 2 they are padded, e.g. \`2001:0db8:0000:0000:0000:0000:0000:0001\`. A zone, a port or a
\`/prefix\` behind the address is left out. Does not suspend.`,
  examples: [
    `assert(net.format_ip("2001:0DB8:0:0:0:0:0:1", true) == "2001:db8::1")
assert(net.format_ip("2001:db8::1") == "2001:db8:0:0:0:0:0:1")
assert(net.format_ip("::1", 2) == "0000:0000:0000:0000:0000:0000:0000:0001")
assert(net.format_ip("::ffff:192.0.2.1") == "192.0.2.1")`,
  ],
  call: (_, text, mode) => {
    const ip = parseIpAlone(text.replace(/\/\d{1,3}\s*$/, ''));
    if (ip === undefined) return [''];
    return [formatIp(ip, mode === 0 ? 'groups' : mode === 2 ? 'padded' : 'compact')];
  },
});

const isIpReserved = luaFunction({
  name: 'is_ip_reserved',
  params: [
    optionalBytes('address', 'an IP address', ''),
    optionalInteger('is_ip_bits', 'the sum of constants of `net.is_ip`', 0),
  ],
  results: [{ name: 'applies', type: 'boolean', text: 'true when the address is in one of the classes' }],
  text:
    'Is the address in one of the classes that are asked for? False when it cannot be read. Add constants with `|` or `+` (with `+` each bit ' +
    'only once). Does not suspend.',
  examples: [
    `assert(net.is_ip_reserved("10.1.2.3", net.is_ip.LAN))
assert(net.is_ip_reserved("192.0.2.1", net.is_ip.V4))
assert(net.is_ip_reserved("fd00::1", net.is_ip.ULA))
assert(net.is_ip_reserved("100.64.0.1", net.is_ip.SHARED | net.is_ip.BROADCAST))
assert(not net.is_ip_reserved("8.8.8.8", net.is_ip.NOT_GLOBAL))`,
  ],
  call: (_, address, bits) => {
    const ip = parseIpAlone(address);
    return [ip !== undefined && (classifyIp(ip) & bits) !== 0];
  },
});

const network = luaFunction({
  name: 'network',
  params: [
    bytes('address', 'an IP address, as `client.address`'),
    optionalInteger('v4', 'bits of an IPv4 address that are kept, 0 to 32', 24),
    optionalInteger('v6', 'bits of an IPv6 address that are kept, 0 to 128', 64),
  ],
  results: [
    { name: 'network', type: 'string?', text: '`address/bits`; nil when the address cannot be read' },
  ],
  text:
    'The network of an address, one spelling for each: a key for what is counted or remembered of a neighbourhood and not of an address, of which who has ' +
    'one IPv6 network has billions. IPv4 addresses are the same in all notations, but `::a.b.c.d`. Raises an error for bits that an address does not have. Does not suspend.',
  examples: [
    `assert(net.network("192.0.2.77") == "192.0.2.0/24")
assert(net.network("2001:DB8:0:1:2::3") == "2001:db8:0:1::/64")
assert(net.network("::ffff:192.0.2.77", 32) == "192.0.2.77/32")
assert(net.network("2001:db8:ffff::1", 24, 33) == "2001:db8:8000::/33")
assert(net.network("example.com") == nil)`,
  ],
  call: (_, address, v4, v6) => {
    if (v4 < 0 || v4 > 32) throw new LuaError("bad argument #2 to 'net.network' (0 to 32 expected)");
    if (v6 < 0 || v6 > 128) throw new LuaError("bad argument #3 to 'net.network' (0 to 128 expected)");
    const ip = parseIpAlone(address);
    return [ip === undefined ? undefined : networkText(ip, v4, v6)];
  },
});

const functions: readonly FunctionSpec[] = [
  containsIp,
  hasValidTld,
  hasValidNthTld,
  indexValidTld,
  indexValidNthTld,
  reverse,
  isIpv4InName,
  find,
  format,
  isIpReserved,
  network,
  toAscii,
];

export const netModule: ModuleSpec = luaModule({
  name: 'net',
  text: `IP addresses and domains, without asking the network.

An address may be \`192.0.2.1\`, \`2001:db8::1\`, \`::ffff:192.0.2.1\` or \`::192.0.2.1\`, with blanks, \`[...]\` and \`IPv6:\` around it and a port or
a zone behind it (\`192.0.2.1:25\`, \`fe80::1%eth0\`). With any other text behind it (\`192.0.2.1.example.com\`) it is none. The notations of an IPv4 address are one value. Short forms (\`10.1\`) and
hexadecimal or octal numbers are no addresses; leading zeros are decimal.`,
  functions,
  tables: [
    {
      name: 'is_ip',
      reverse: false,
      text: 'Classes of addresses for `net.is_ip_reserved`, to be added up.',
      constants: [
        ...ipClasses.map(({ name, bit, networks, text }) => ({
          name,
          value: bit,
          text: networks.length === 0 ? text : `${networks.join(', ')}: ${text}`,
        })),
        ...ipClassSets.map(({ name, bits, text }) => ({ name, value: bits, text })),
      ],
    },
  ],
});
