// Where our answers differ, on purpose, from those that the original program gave (spec/vectors): the one list, with the reason for each.
// The tests fail when a case that is not here differs, and when one that is here does not.
import { version } from '../../../src/version.ts';
import type { Plain, VectorValue } from '../../fakes/vectors.ts';

export type Ours =
  | { readonly returns: readonly Plain[] }
  /** The original's table with these fields changed. Strings of results are octets. */
  | { readonly changed: { readonly [field: string]: Plain } }
  | { readonly error: string }
  /** util.mkpath: the directories that are there afterwards. */
  | { readonly tree: readonly string[] };

export interface Difference {
  readonly fn: string;
  readonly args: readonly VectorValue[];
  readonly ours: Ours;
  readonly reason: string;
}

const reasons = {
  errors: 'an error names the function and the kind of value wanted; the first wrong argument is named',
  flags: 'A6, decided: flags are booleans or numbers',
  binary: 'texts are octets; the original stopped at the first NUL',
  unsigned: 'ranges go by octet value; the original compared octets above 127 as negative numbers',
  unpaired:
    'A9: a quote without a partner and a final backslash stand for themselves; the original read on behind the text',
  bracket: 'A9: octet 255 is no bracket',
  oneValue: 'decided: IPv4-mapped, IPv4-compatible and plain notation of an IPv4 address are one value',
  labels:
    'A21: the last N labels must be a suffix of N labels; the original took the beginning of a list entry for one',
  reverseEmbedded: 'defect: an IPv6 address has 32 nibbles, also when it ends in dotted form',
  reverseBrackets: 'defect: the brackets of an address literal are no part of the name',
  reversePort: 'defect: an IPv4 address with a port is not IPv6',
  oneBased: 'A5, decided: offsets count from 1',
  leadingGap: 'A5: addresses that begin with `::` are found',
  finalDot: 'defect: a full stop behind an address is not a part of it',
  tag: 'defect: the 6 of the tag `IPv6:` is no part of the address',
  notAddress:
    'defect: there is no such address (two `::`, blanks inside, too few groups before a dotted tail)',
  sevenGroups: 'defect: `::` may stand for one group, RFC 4291 section 2.2',
  formatIpv4: 'defect: every IPv4 address came out as 0.0.0.0, and 0.0.0.0 as IPv6',
  rfc5952: 'decided: RFC 5952: the longest run of at least two zero groups is `::`, with nothing behind it',
  portAndPlus: 'A13: the port is split off behind user information; a local part may hold `+`',
  lastAt: 'defect: the last `@` ends the user information (RFC 3986 section 3.2.1, and browsers)',
  ipPath: 'defect: the host ends at the slash',
  hostOctets: 'defect: no host name has such an octet (RFC 3986 section 3.2.2)',
  backslash: 'defect: a backslash is a slash to browsers and never part of a host',
  blanks: 'defect: blanks and line ends are no part of a host; browsers drop them',
  calendar: 'A14: 29 February exists, and 2100 is no leap year',
  networkNeeded:
    'decided: a network or address that is nil is an error, so that a misspelt name opens no allow list',
  badNetwork: 'decided: what is no network is an error, so that a typo opens no allow list',
  wholeAddress: 'decided: a text that only begins with an address is none',
  fraction: 'decided: a fraction where an integer is wanted is an error',
  browserHost:
    'decided: a host is what browsers make of it: numbers are an address, letters beyond ASCII are mapped by UTS 46',
  date1: 'what date(1) prints, as senders put it into Date',
  unknownZone: 'RFC 5322 section 4.3: a zone whose name is not known is -0000, no broken date',
  zoneDistance: 'defect: GMT+1 is an hour east of Greenwich and was read as Greenwich',
  twoDigits: 'RFC 5322 section 4.3: 50 to 99 are 1950 to 1999',
  zoneColon: 'defect: +02:00 is two hours, not two minutes',
  isoZone: 'defect: the zone of an ISO 8601 date was passed over without being counted, or refused',
  isoRange: 'defect: there is no such time of day',
  underscore: 'A17, decided: ixHash 2 as published has `.` for `_`',
  doneTwice: 'decided: done() gives the same digest again',
  pathNames: 'A15: quotes and backslashes are part of a name',
  formula: 'decided: the formula of the API text, with the private networks',
  version: 'ours',
} as const;

const differs = (fn: string, args: readonly VectorValue[], ours: Ours, reason: string): Difference => ({
  fn,
  args,
  ours,
  reason,
});

export const differences: readonly Difference[] = [
  differs('text.find', ['abc', 'abc', true], { returns: [1] }, reasons.flags),
  differs('text.find', ['abc', 'abc', false], { returns: [1] }, reasons.flags),
  differs('text.find', ['ab\x00cd', 'ab', 0], { returns: [0] }, reasons.binary),
  differs('text.find', ['ab\x00cd', '*cd*', 0], { returns: [4] }, reasons.binary),
  differs('text.find', [{ base64: '6Q==' }, { base64: 'W2Et710=' }, 0], { returns: [1] }, reasons.unsigned),
  differs('text.natcmp', ['a', 'b', true], { returns: [-1] }, reasons.flags),
  differs('text.split', ['a\\', ','], { returns: [['a\\']] }, reasons.unpaired),
  differs('text.split', ['a,b\\', ','], { returns: [['a', 'b\\']] }, reasons.unpaired),
  differs('text.split', ['"unterminated,b', ','], { returns: [['"unterminated', 'b']] }, reasons.unpaired),
  differs('text.split', [{ base64: 'Yf8sYv4=' }, ','], { returns: [['a\xff', 'b\xfe']] }, reasons.bracket),
  differs('text.split', ['a,b\x00c,d', ','], { returns: [['a', 'b\x00c', 'd']] }, reasons.binary),
  differs(
    'net.contains_ip',
    ['10.0.0.0/33', '10.0.0.1'],
    {
      error:
        'bad argument #1 to \'net.contains_ip\' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got "10.0.0.0/33")',
    },
    reasons.badNetwork,
  ),
  differs(
    'net.contains_ip',
    ['10.0.0.0/128', '10.0.0.0'],
    {
      error:
        'bad argument #1 to \'net.contains_ip\' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got "10.0.0.0/128")',
    },
    reasons.badNetwork,
  ),
  differs(
    'net.contains_ip',
    ['10.0.0.0/129', '10.0.0.0'],
    {
      error:
        'bad argument #1 to \'net.contains_ip\' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got "10.0.0.0/129")',
    },
    reasons.badNetwork,
  ),
  differs(
    'net.contains_ip',
    ['::/129', '::1'],
    {
      error:
        'bad argument #1 to \'net.contains_ip\' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got "::/129")',
    },
    reasons.badNetwork,
  ),
  differs(
    'net.contains_ip',
    ['10.0.0.0/-1', '10.0.0.1'],
    {
      error:
        'bad argument #1 to \'net.contains_ip\' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got "10.0.0.0/-1")',
    },
    reasons.badNetwork,
  ),
  differs(
    'net.contains_ip',
    ['10.0.0.0/', '11.0.0.1'],
    {
      error:
        'bad argument #1 to \'net.contains_ip\' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got "10.0.0.0/")',
    },
    reasons.badNetwork,
  ),
  differs(
    'net.contains_ip',
    ['10.0.0.0/8x', '10.9.9.9'],
    {
      error:
        'bad argument #1 to \'net.contains_ip\' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got "10.0.0.0/8x")',
    },
    reasons.badNetwork,
  ),
  differs(
    'net.contains_ip',
    ['10/8', '10.1.2.3'],
    {
      error:
        'bad argument #1 to \'net.contains_ip\' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got "10/8")',
    },
    reasons.badNetwork,
  ),
  differs(
    'net.contains_ip',
    ['10.0/8', '10.1.2.3'],
    {
      error:
        'bad argument #1 to \'net.contains_ip\' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got "10.0/8")',
    },
    reasons.badNetwork,
  ),
  differs(
    'net.contains_ip',
    ['10.0.0/8', '10.1.2.3'],
    {
      error:
        'bad argument #1 to \'net.contains_ip\' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got "10.0.0/8")',
    },
    reasons.badNetwork,
  ),
  differs(
    'net.contains_ip',
    ['256.0.0.0/8', '256.0.0.1'],
    {
      error:
        'bad argument #1 to \'net.contains_ip\' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got "256.0.0.0/8")',
    },
    reasons.badNetwork,
  ),
  differs(
    'net.contains_ip',
    ['foo/8', '10.1.2.3'],
    {
      error:
        'bad argument #1 to \'net.contains_ip\' (network expected, e.g. 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1, got "foo/8")',
    },
    reasons.badNetwork,
  ),
  differs(
    'net.contains_ip',
    [],
    { error: "bad argument #1 to 'net.contains_ip' (string expected, got no value)" },
    reasons.networkNeeded,
  ),
  differs(
    'net.contains_ip',
    ['10.0.0.0/8'],
    { error: "bad argument #2 to 'net.contains_ip' (string expected, got no value)" },
    reasons.networkNeeded,
  ),
  differs(
    'net.contains_ip',
    ['::1/128'],
    { error: "bad argument #2 to 'net.contains_ip' (string expected, got no value)" },
    reasons.networkNeeded,
  ),
  differs(
    'net.contains_ip',
    ['::0/0'],
    { error: "bad argument #2 to 'net.contains_ip' (string expected, got no value)" },
    reasons.networkNeeded,
  ),
  differs(
    'net.contains_ip',
    [null, '1.2.3.4'],
    { error: "bad argument #1 to 'net.contains_ip' (string expected, got nil)" },
    reasons.networkNeeded,
  ),
  differs(
    'net.contains_ip',
    [null, null],
    { error: "bad argument #1 to 'net.contains_ip' (string expected, got nil)" },
    reasons.networkNeeded,
  ),
  differs(
    'net.contains_ip',
    ['10.0.0.0/8', null],
    { error: "bad argument #2 to 'net.contains_ip' (string expected, got nil)" },
    reasons.networkNeeded,
  ),
  differs(
    'net.contains_ip',
    ['0.0.0.0/8', null],
    { error: "bad argument #2 to 'net.contains_ip' (string expected, got nil)" },
    reasons.networkNeeded,
  ),
  differs('net.contains_ip', ['10.0.0.0/8', '10.1.2.3xyz'], { returns: [false] }, reasons.wholeAddress),
  differs('net.contains_ip', ['10.0.0.0/8', '10.1.2.3.4'], { returns: [false] }, reasons.wholeAddress),
  differs(
    'net.contains_ip',
    ['2001:db8::/32', '2001:db8:1:2:3:4:5:6:7'],
    { returns: [false] },
    reasons.wholeAddress,
  ),
  differs(
    'net.has_valid_nth_tld',
    ['example.com', 1.9],
    { error: "bad argument #2 to 'net.has_valid_nth_tld' (integer expected, got number)" },
    reasons.fraction,
  ),
  differs('net.contains_ip', ['127.0.0.0/8', '::ffff:127.0.0.1'], { returns: [true] }, reasons.oneValue),
  differs('net.contains_ip', ['::ffff:127.0.0.0/104', '127.0.0.1'], { returns: [true] }, reasons.oneValue),
  differs('net.contains_ip', ['::/96', '::ffff:1.2.3.4'], { returns: [true] }, reasons.oneValue),
  differs('net.index_valid_nth_tld', ['com', 2], { returns: [0] }, reasons.labels),
  differs('net.index_valid_nth_tld', ['com.', 3], { returns: [0] }, reasons.labels),
  differs('net.index_valid_nth_tld', ['co.uk', 3], { returns: [0] }, reasons.labels),
  differs('net.has_valid_nth_tld', ['uk', 2], { returns: [false] }, reasons.labels),
  differs('net.index_valid_nth_tld', ['uk', 2], { returns: [0] }, reasons.labels),
  differs('net.index_valid_nth_tld', ['uk', 3], { returns: [0] }, reasons.labels),
  differs('net.index_valid_nth_tld', ['com.au', 3], { returns: [0] }, reasons.labels),
  differs('net.index_valid_nth_tld', ['au', 3], { returns: [0] }, reasons.labels),
  differs(
    'net.index_valid_nth_tld',
    ['example.com', true],
    { error: "bad argument #2 to 'net.index_valid_nth_tld' (number expected, got boolean)" },
    reasons.errors,
  ),
  differs(
    'net.reverse_ip',
    ['::ffff:1.2.3.4', 0],
    { returns: ['4.0.3.0.2.0.1.0.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0'] },
    reasons.reverseEmbedded,
  ),
  differs(
    'net.reverse_ip',
    ['::1.2.3.4', 0],
    { returns: ['4.0.3.0.2.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0'] },
    reasons.reverseEmbedded,
  ),
  differs(
    'net.reverse_ip',
    ['::1.2.3.4', 1],
    { returns: ['4.0.3.0.2.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.'] },
    reasons.reverseEmbedded,
  ),
  differs(
    'net.reverse_ip',
    ['[1.2.3.4]', 1],
    { returns: ['4.3.2.1.in-addr.arpa.'] },
    reasons.reverseBrackets,
  ),
  differs('net.reverse_ip', ['1.2.3.4:25', 0], { returns: ['4.3.2.1'] }, reasons.reversePort),
  differs('net.reverse_ip', ['1.2.3.4:25', 1], { returns: ['4.3.2.1.in-addr.arpa.'] }, reasons.reversePort),
  differs(
    'net.reverse_ip',
    ['1.2.3.4'],
    { error: "bad argument #2 to 'net.reverse_ip' (boolean expected, got no value)" },
    reasons.errors,
  ),
  differs('net.reverse_ip', ['1.2.3.4', true], { returns: ['4.3.2.1.in-addr.arpa.'] }, reasons.flags),
  differs(
    'net.reverse_ip',
    [null, 1],
    { error: "bad argument #1 to 'net.reverse_ip' (string expected, got nil)" },
    reasons.errors,
  ),
  differs(
    'net.reverse_ip',
    [],
    { error: "bad argument #1 to 'net.reverse_ip' (string expected, got no value)" },
    reasons.errors,
  ),
  differs('net.find_ip', ['192.168.1.2'], { returns: [1, 11] }, reasons.oneBased),
  differs('net.find_ip', ['host 192.168.1.2 end'], { returns: [6, 11] }, reasons.oneBased),
  differs('net.find_ip', ['x192.168.1.2'], { returns: [2, 11] }, reasons.oneBased),
  differs('net.find_ip', ['192.168.1.2x'], { returns: [1, 11] }, reasons.oneBased),
  differs('net.find_ip', ['a.b.c.d 1.2.3.4'], { returns: [9, 7] }, reasons.oneBased),
  differs('net.find_ip', ['1.2.3.4.5'], { returns: [3, 7] }, reasons.oneBased),
  differs('net.find_ip', ['1.2.3.4.'], { returns: [1, 7] }, reasons.finalDot),
  differs('net.find_ip', ['300.1.2.3.4'], { returns: [5, 7] }, reasons.oneBased),
  differs('net.find_ip', ['[1.2.3.4]'], { returns: [2, 7] }, reasons.oneBased),
  differs('net.find_ip', ['(10.0.0.1)'], { returns: [2, 8] }, reasons.oneBased),
  differs('net.find_ip', ['ip=10.0.0.1;'], { returns: [4, 8] }, reasons.oneBased),
  differs('net.find_ip', ['2001:db8::1'], { returns: [1, 11] }, reasons.oneBased),
  differs('net.find_ip', ['addr 2001:db8::1 end'], { returns: [6, 11] }, reasons.oneBased),
  differs('net.find_ip', ['[2001:db8::1]'], { returns: [2, 11] }, reasons.oneBased),
  differs('net.find_ip', ['[IPv6:2001:db8::1]'], { returns: [7, 11] }, reasons.tag),
  differs('net.find_ip', ['fe80::1%eth0'], { returns: [1, 7] }, reasons.oneBased),
  differs('net.find_ip', ['1:2:3:4:5:6:7:8'], { returns: [1, 15] }, reasons.oneBased),
  differs('net.find_ip', ['time 12:34:56 on 1.2.3.4'], { returns: [18, 7] }, reasons.oneBased),
  differs('net.find_ip', ['at 10.1.1.1 or 2001:db8::2'], { returns: [4, 8] }, reasons.oneBased),
  differs('net.find_ip', ['http://1.2.3.4/path'], { returns: [8, 7] }, reasons.oneBased),
  differs('net.find_ip', ['http://[::1]:80/'], { returns: [9, 3] }, reasons.leadingGap),
  differs('net.find_ip', ['1.2.3.4 and 5.6.7.8'], { returns: [1, 7] }, reasons.oneBased),
  differs('net.find_ip', ['01.02.03.04'], { returns: [1, 11] }, reasons.oneBased),
  differs('net.find_ip', ['0001.2.3.4'], { returns: [2, 9] }, reasons.oneBased),
  differs('net.find_ip', ['1234.5.6.7'], { returns: [2, 9] }, reasons.oneBased),
  differs('net.find_ip', ['a1.2.3.4b'], { returns: [2, 7] }, reasons.oneBased),
  differs('net.find_ip', ['beef::'], { returns: [1, 6] }, reasons.oneBased),
  differs('net.find_ip', ['a::b::c'], { returns: [] }, reasons.notAddress),
  differs(
    'net.find_ip',
    ['Received: from foo ([203.0.113.9]) by bar'],
    { returns: [22, 11] },
    reasons.oneBased,
  ),
  differs('net.find_ip', ['Received: from [IPv6:2001:db8:1:2::3] by x'], { returns: [22, 15] }, reasons.tag),
  differs('net.find_ip', ['10.0.0.0/8'], { returns: [1, 8] }, reasons.oneBased),
  differs('net.find_ip', ['1. 2.3.4'], { returns: [] }, reasons.notAddress),
  differs('net.find_ip', ['-1.2.3.4'], { returns: [2, 7] }, reasons.oneBased),
  differs('net.find_ip', ['cafe:babe:1.2.3.4'], { returns: [11, 7] }, reasons.notAddress),
  differs('net.find_ip', ['1:2:3:4:5:6:1.2.3.4'], { returns: [1, 19] }, reasons.oneBased),
  differs('net.find_ip', ['::1.2.3.4'], { returns: [1, 9] }, reasons.leadingGap),
  differs('net.find_ip', ['1::2:3:4:5:6:7'], { returns: [1, 14] }, reasons.sevenGroups),
  differs('net.format_ip', ['1.2.3.4', 0], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['1.2.3.4', 1], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['1.2.3.4', 2], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['127.0.0.1', 0], { returns: ['127.0.0.1'] }, reasons.formatIpv4),
  differs('net.format_ip', ['127.0.0.1', 1], { returns: ['127.0.0.1'] }, reasons.formatIpv4),
  differs('net.format_ip', ['255.255.255.255', 0], { returns: ['255.255.255.255'] }, reasons.formatIpv4),
  differs('net.format_ip', ['255.255.255.255', 1], { returns: ['255.255.255.255'] }, reasons.formatIpv4),
  differs('net.format_ip', ['0.0.0.0', 0], { returns: ['0.0.0.0'] }, reasons.formatIpv4),
  differs('net.format_ip', ['0.0.0.0', 1], { returns: ['0.0.0.0'] }, reasons.formatIpv4),
  differs('net.format_ip', ['0.0.0.0', 2], { returns: ['0.0.0.0'] }, reasons.formatIpv4),
  differs('net.format_ip', ['01.02.03.04', 0], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['01.02.03.04', 1], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['01.02.03.04', 2], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['[1.2.3.4]', 1], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['[1.2.3.4]', 2], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['2001:db8:1:0:0:0:0:0', 1], { returns: ['2001:db8:1::'] }, reasons.rfc5952),
  differs('net.format_ip', ['1:2:3:4:5:6:7:0', 1], { returns: ['1:2:3:4:5:6:7:0'] }, reasons.rfc5952),
  differs('net.format_ip', ['0:2:3:4:5:6:7:8', 1], { returns: ['0:2:3:4:5:6:7:8'] }, reasons.rfc5952),
  differs('net.format_ip', ['1:0:3:4:5:6:7:8', 1], { returns: ['1:0:3:4:5:6:7:8'] }, reasons.rfc5952),
  differs('net.format_ip', ['::ffff:1.2.3.4', 0], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['::ffff:1.2.3.4', 1], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['::ffff:1.2.3.4', 2], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['::1.2.3.4', 1], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['::1.2.3.4', 2], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['::ffff:0102:0304', 0], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['::ffff:0102:0304', 1], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['::ffff:0102:0304', 2], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['::0102:0304', 0], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['::0102:0304', 1], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['0:0:0:0:0:ffff:1.2.3.4', 1], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['0:0:0:0:0:ffff:1.2.3.4', 2], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['1::', 1], { returns: ['1::'] }, reasons.rfc5952),
  differs('net.format_ip', ['1.2.3.4.5', 0], { returns: [''] }, reasons.wholeAddress),
  differs('net.format_ip', ['1.2.3.4.5', 1], { returns: [''] }, reasons.wholeAddress),
  differs('net.format_ip', ['1.2.3.4.5', 2], { returns: [''] }, reasons.wholeAddress),
  differs('net.format_ip', ['ABCD::', 1], { returns: ['abcd::'] }, reasons.rfc5952),
  differs('net.format_ip', ['1:0:0:2:0:0:0:3', 1], { returns: ['1:0:0:2::3'] }, reasons.rfc5952),
  differs('net.format_ip', ['1.2.3.4/24', 0], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['1.2.3.4/24', 2], { returns: ['1.2.3.4'] }, reasons.formatIpv4),
  differs('net.format_ip', ['1.2.3.4', true], { returns: ['1.2.3.4'] }, reasons.flags),
  differs(
    'uri.parse',
    ['http://1.2.3'],
    {
      returns: [
        {
          uri_raw: 'http://1.2.3',
          uri_decoded: 'http://1.2.3',
          scheme: 'http',
          scheme_info: '//1.2.3',
          host: '1.2.0.3',
          port: 80,
        },
      ],
    },
    reasons.browserHost,
  ),
  differs('uri.parse', ['http://0xC0A80102/'], { changed: { host: '192.168.1.2' } }, reasons.browserHost),
  differs(
    'uri.parse',
    [{ base64: 'aHR0cDovL+G9ny5jb20v/w==' }],
    { changed: { host: '\xe1\xbd\x97.com' } },
    reasons.browserHost,
  ),
  differs(
    'uri.parse',
    ['http://user:pass@example.com:8080/x'],
    { changed: { host: 'example.com', port: 8080 } },
    reasons.portAndPlus,
  ),
  differs(
    'uri.parse',
    ['http://user@example.com:8080/x'],
    { changed: { host: 'example.com', port: 8080 } },
    reasons.portAndPlus,
  ),
  differs(
    'uri.parse',
    ['http://user@example.com:8080'],
    { changed: { host: 'example.com', port: 8080 } },
    reasons.portAndPlus,
  ),
  differs(
    'uri.parse',
    ['http://a@b@example.com/'],
    { changed: { host: 'example.com', user_info: 'a@b' } },
    reasons.lastAt,
  ),
  differs(
    'uri.parse',
    ['user+tag@example.com'],
    {
      changed: {
        scheme_info: 'user+tag@example.com',
        uri_decoded: 'user+tag@example.com',
        user_info: 'user+tag',
      },
    },
    reasons.portAndPlus,
  ),
  differs('uri.parse', ['1.2.3.4/path'], { changed: { host: '1.2.3.4', path: '/path' } }, reasons.ipPath),
  differs('uri.parse', ['http://ex ample.com/'], { returns: [] }, reasons.hostOctets),
  differs('uri.parse', ['http://example.com|x/'], { returns: [] }, reasons.hostOctets),
  differs(
    'uri.parse',
    ['http://example.com\\x'],
    { changed: { host: 'example.com', path: '/x' } },
    reasons.backslash,
  ),
  differs(
    'uri.parse',
    ['http://example.com '],
    { changed: { host: 'example.com', scheme_info: '//example.com', uri_decoded: 'http://example.com' } },
    reasons.blanks,
  ),
  differs(
    'uri.parse',
    ['http://example.com\nx'],
    { changed: { host: 'example.comx', scheme_info: '//example.comx', uri_decoded: 'http://example.comx' } },
    reasons.blanks,
  ),
  differs(
    'uri.parse',
    ['http://user:p@ss@example.com/'],
    { changed: { host: 'example.com', user_info: 'user:p@ss' } },
    reasons.lastAt,
  ),
  differs(
    'uri.parse',
    ['http://example.com/\x00hidden'],
    {
      changed: {
        path: '/\x00hidden',
        scheme_info: '//example.com/\x00hidden',
        uri_decoded: 'http://example.com/\x00hidden',
        uri_raw: 'http://example.com/\x00hidden',
      },
    },
    reasons.binary,
  ),
  differs('uri.encode', ['a\x00b'], { returns: ['a%00b'] }, reasons.binary),
  differs('uri.decode', ['a%00b'], { returns: ['a\x00b'] }, reasons.binary),
  differs('uri.decode', ['a\x00%41'], { returns: ['a\x00A'] }, reasons.binary),
  differs(
    'util.date_to_time',
    ['22 Sep 2003 20:02:33 XYZ'],
    { returns: [24, 1064260953] },
    reasons.unknownZone,
  ),
  differs(
    'util.date_to_time',
    ['Sun, 21 Sep 2003 22:04:27 GMT+1'],
    { returns: [31, 1064178267] },
    reasons.zoneDistance,
  ),
  differs(
    'util.date_to_time',
    ['Mon Sep 22 01:39:09 EST 2003'],
    { returns: [28, 1064212749] },
    reasons.date1,
  ),
  differs('util.date_to_time', ['1 Jan 69 00:00:00 GMT'], { returns: [0] }, reasons.twoDigits),
  differs(
    'util.date_to_time',
    ['29 Feb 2004 12:00:00 +0000'],
    { returns: [26, 1078056000] },
    reasons.calendar,
  ),
  differs(
    'util.date_to_time',
    ['31 Dec 9999 23:59:59 +0000'],
    { returns: [26, 253402300799] },
    reasons.calendar,
  ),
  differs('util.date_to_time', ['1 Jan 999 00:00:00 GMT'], { returns: [22, 29316470400] }, reasons.calendar),
  differs(
    'util.date_to_time',
    ['Sun, 21 Sep 2003 22:04:27 +02:00'],
    { returns: [32, 1064174667] },
    reasons.zoneColon,
  ),
  differs('util.date_to_time', ['2003-09-22T20:02:33+0200'], { returns: [24, 1064253753] }, reasons.isoZone),
  differs('util.date_to_time', ['20030922T200233+02'], { returns: [18, 1064253753] }, reasons.isoZone),
  differs('util.date_to_time', ['2003-09-22T25:00:00Z'], { returns: [0] }, reasons.isoRange),
  differs('util.date_to_time', ['2003-09-22T20:99:00Z'], { returns: [0] }, reasons.isoRange),
  differs('util.date_to_time', ['2003-09-22T20:02:33-0500'], { returns: [24, 1064278953] }, reasons.isoZone),
  differs('util.date_to_time', ['2003-09-22T20:02:33-05:30'], { returns: [25, 1064280753] }, reasons.isoZone),
  differs('util.date_to_time', ['2003-09-22T20:02:33+2'], { returns: [21, 1064253753] }, reasons.isoZone),
  differs('util.date_to_time', ['1 Jan 99999'], { returns: [11, 3093496444800] }, reasons.calendar),
  differs(
    'md5.ixhash2',
    ['under_score_text'],
    { returns: ['5058f1af8388633f609cadb75a75dc9d'] },
    reasons.underscore,
  ),
  differs('md5.ixhash2', ['__'], { returns: ['5058f1af8388633f609cadb75a75dc9d'] }, reasons.underscore),
  differs('md5.ixhash2', ['a__b..c'], { returns: ['5058f1af8388633f609cadb75a75dc9d'] }, reasons.underscore),
  differs('md5.ixhash2', ['a_.b'], { returns: ['5058f1af8388633f609cadb75a75dc9d'] }, reasons.underscore),
  differs('md5.ixhash2', ['__', '..'], { returns: ['58b9e70b65a77700ba66e9c64d6b9f89'] }, reasons.underscore),
  differs(
    'md5.done_twice',
    ['abc'],
    { returns: ['900150983cd24fb0d6963f7d28e17f72', '900150983cd24fb0d6963f7d28e17f72'] },
    reasons.doneTwice,
  ),
  differs('util.mkpath', ["$TMP/'q r'/x"], { tree: ["'q r'/", "'q r'/x/"] }, reasons.pathNames),
  differs('constant', ['net.is_ip.RESTICTED'], { returns: [4095] }, reasons.formula),
  differs('constant', ['smtpe.bin_version'], { returns: [version] }, reasons.version),
];
