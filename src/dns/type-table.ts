// Numbers and names of DNS classes, RR types and response codes (RFC 1035 section 3.2, IANA "DNS Parameters"): the one table behind
// dns.class, dns.type, dns.rcode, the names in answer keys and the names in log lines.

export interface NamedNumber {
  readonly name: string;
  readonly value: number;
  readonly text: string;
}

export const dnsClasses: readonly NamedNumber[] = [
  { name: 'IN', value: 1, text: 'Internet' },
  { name: 'CS', value: 2, text: 'CSNET (obsolete)' },
  { name: 'CH', value: 3, text: 'Chaos' },
  { name: 'HS', value: 4, text: 'Hesiod' },
  { name: 'ANY', value: 255, text: 'any class, in questions only' },
];

export const dnsTypes: readonly NamedNumber[] = [
  { name: 'A', value: 1, text: 'IPv4 address' },
  { name: 'NS', value: 2, text: 'name server' },
  { name: 'CNAME', value: 5, text: 'the name this one is an alias of' },
  { name: 'SOA', value: 6, text: 'start of a zone' },
  { name: 'NULL', value: 10, text: 'any octets' },
  { name: 'PTR', value: 12, text: 'name of an address' },
  { name: 'HINFO', value: 13, text: 'host information' },
  { name: 'MINFO', value: 14, text: 'mailbox information' },
  { name: 'MX', value: 15, text: 'mail exchanger' },
  { name: 'TXT', value: 16, text: 'text' },
  { name: 'AAAA', value: 28, text: 'IPv6 address' },
  { name: 'LOC', value: 29, text: 'location (RFC 1876)' },
  { name: 'SRV', value: 33, text: 'host and port of a service (RFC 2782)' },
  { name: 'NAPTR', value: 35, text: 'naming authority pointer (RFC 3403)' },
  { name: 'DNAME', value: 39, text: 'the tree this one is an alias of (RFC 6672)' },
  { name: 'DS', value: 43, text: 'delegation signer (RFC 4034)' },
  { name: 'SSHFP', value: 44, text: 'fingerprint of an SSH key (RFC 4255)' },
  { name: 'RRSIG', value: 46, text: 'signature of records (RFC 4034)' },
  { name: 'DNSKEY', value: 48, text: 'public key of a zone (RFC 4034)' },
  { name: 'TLSA', value: 52, text: 'certificate association, DANE (RFC 6698)' },
  { name: 'SMIMEA', value: 53, text: 'certificate association of a mail address (RFC 8162)' },
  { name: 'OPENPGPKEY', value: 61, text: 'OpenPGP key of a mail address (RFC 7929)' },
  { name: 'SVCB', value: 64, text: 'service binding (RFC 9460)' },
  { name: 'HTTPS', value: 65, text: 'service binding of a web service (RFC 9460)' },
  { name: 'SPF', value: 99, text: 'sender policy, as a type given up for TXT (RFC 7208)' },
  { name: 'ANY', value: 255, text: 'all types a server cares to give, in questions only (RFC 8482)' },
  { name: 'URI', value: 256, text: 'the URI of a service (RFC 7553)' },
  { name: 'CAA', value: 257, text: 'certification authority authorisation (RFC 8659)' },
];

/** Types that have a name in output but no constant of their own. */
const namedOnly: readonly (readonly [number, string])[] = [
  [11, 'WKS'],
  [38, 'A6'],
];

/** Further names of types that a question may use (IANA "Resource Record (RR) TYPEs"); in output they are `TYPE17`, see typeKey. */
const askedOnly: readonly (readonly [number, string])[] = [
  ...([
    [17, 'RP'],
    [18, 'AFSDB'],
    [19, 'X25'],
    [20, 'ISDN'],
    [21, 'RT'],
  ] as const),
  ...([
    [24, 'SIG'],
    [25, 'KEY'],
    [26, 'PX'],
    [36, 'KX'],
    [37, 'CERT'],
    [42, 'APL'],
  ] as const),
  ...([
    [45, 'IPSECKEY'],
    [47, 'NSEC'],
    [49, 'DHCID'],
    [50, 'NSEC3'],
  ] as const),
  ...([
    [51, 'NSEC3PARAM'],
    [55, 'HIP'],
    [59, 'CDS'],
    [60, 'CDNSKEY'],
  ] as const),
  ...([
    [62, 'CSYNC'],
    [63, 'ZONEMD'],
    [104, 'NID'],
    [105, 'L32'],
    [106, 'L64'],
    [107, 'LP'],
  ] as const),
  ...([
    [108, 'EUI48'],
    [109, 'EUI64'],
    [258, 'AVC'],
    [260, 'AMTRELAY'],
    [32769, 'DLV'],
  ] as const),
];

export const dnsRcodes: readonly NamedNumber[] = [
  { name: 'OK', value: 0, text: 'answered; there may be no record of that type' },
  { name: 'NOERROR', value: 0, text: 'the same as OK' },
  { name: 'FORMAT', value: 1, text: 'the server did not understand the query' },
  { name: 'SERVFAIL', value: 2, text: 'the servers could not find out, or answered nonsense' },
  { name: 'NXDOMAIN', value: 3, text: 'there is no such name' },
  { name: 'NOT_IMPLEMENTED', value: 4, text: 'the server cannot do that' },
  { name: 'REFUSED', value: 5, text: 'every server refused to answer' },
  {
    name: 'ERRNO',
    value: 16,
    text: 'not asked (name not allowed, too many queries) or no server could be reached',
  },
  { name: 'TIMEDOUT', value: 17, text: 'no answer in time' },
  { name: 'TIMEOUT', value: 17, text: 'the same as TIMEDOUT' },
];

const UNKNOWN = '(unknown)';

const classNames = new Map(dnsClasses.map((row) => [row.value, row.name]));
const typeNames = new Map([...dnsTypes.map((row) => [row.value, row.name] as const), ...namedOnly]);
const classNumbers = new Map(dnsClasses.map((row) => [row.name, row.value]));
const typeNumbers = new Map([
  ...[...askedOnly, ...namedOnly].map(([value, name]) => [name, value] as const),
  ...dnsTypes.map((row) => [row.name, row.value] as const),
]);

/** As dns.rcodename prints them: words for people, not the names of the constants. */
const rcodeNames: readonly (string | undefined)[] = [
  'OK',
  'FORMAT',
  'SERVER',
  'NXDOMAIN',
  'NOT IMPLEMENTED',
  'REFUSED',
];

/** `IN` for 1 and so on; `(unknown)` for a number without name. */
export function className(value: number): string {
  return classNames.get(value) ?? UNKNOWN;
}

/** `MX` for 15 and so on; `(unknown)` for a number without name. */
export function typeName(value: number): string {
  return typeNames.get(value) ?? UNKNOWN;
}

/** `IN`, or `CLASS7` for one without name (RFC 3597 section 5): what classNumber reads back. */
export function classKey(value: number): string {
  return classNames.get(value) ?? `CLASS${value}`;
}

/** `MX`, or `TYPE17` for one without name (RFC 3597 section 5): no two types have the same, and typeNumber reads it back. */
export function typeKey(value: number): string {
  return typeNames.get(value) ?? `TYPE${value}`;
}

/** OK, FORMAT, SERVER, NXDOMAIN, NOT IMPLEMENTED, REFUSED, ERRNO, TIMED OUT, else `(unknown)`. */
export function rcodeName(value: number): string {
  if (value === 16) return 'ERRNO';
  if (value === 17) return 'TIMED OUT';
  return rcodeNames[value] ?? UNKNOWN;
}

/** A class by name in any case, or `CLASS7` (RFC 3597); undefined when there is none of that name. */
export function classNumber(name: string): number | undefined {
  return classNumbers.get(name.toUpperCase()) ?? numbered(/^CLASS(\d{1,5})$/i, name);
}

/** A type by name in any case, or `TYPE65280` (RFC 3597); undefined when there is none of that name. */
export function typeNumber(name: string): number | undefined {
  return typeNumbers.get(name.toUpperCase()) ?? numbered(/^TYPE(\d{1,5})$/i, name);
}

function numbered(form: RegExp, name: string): number | undefined {
  const value = Number(form.exec(name)?.[1] ?? Number.NaN);
  return value <= 65_535 ? value : undefined;
}
