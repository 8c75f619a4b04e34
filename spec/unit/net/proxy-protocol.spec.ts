import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../src/base/crc32c.ts';
import type { ProxyHeader } from '../../../src/net/proxy-facts.ts';
import { likeProxy, type ProxyProgress, ProxyReader } from '../../../src/net/proxy-protocol.ts';
import { sharedSuite } from '../../fakes/shared-suites.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const FOUR = 'c000020ac6336419dc040019';
const SIX = '20010db800000000000000000000001020010db8000000000000000000000025dc040019';

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const item = (type: number, value: string): string => {
  const length = (value.length / 2).toString(16).padStart(4, '0');
  return `${type.toString(16).padStart(2, '0')}${length}${value}`;
};
/** A header of version 2; `body` in hex. */
const v2 = (head: string, body: string): Buffer =>
  Buffer.from(`${SIGNATURE}${head}${(body.length / 2).toString(16).padStart(4, '0')}${body}`, 'hex');
const v1 = (line: string): Buffer => Buffer.from(line, 'latin1');

/** Fed as cut at the given places; what it comes to, with the number of octets after which it was said. */
function fed(bytes: Buffer, cuts: readonly number[]): { progress: ProxyProgress; after: number } {
  const reader = new ProxyReader();
  let progress: ProxyProgress = { kind: 'incomplete' };
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    progress = reader.push(bytes.subarray(from, to));
    from = to;
    if (progress.kind === 'header') {
      const rest = Buffer.concat([progress.rest, bytes.subarray(to)]);
      return { progress: { ...progress, rest }, after: bytes.length - rest.length };
    }
    if (progress.kind === 'refused') break;
  }
  return { progress, after: from };
}

/** The same, whole, at every split and octet by octet. */
function everyWay(bytes: Buffer): { progress: ProxyProgress; after: number } {
  const single = fed(
    bytes,
    Array.from({ length: bytes.length - 1 }, (_, i) => i + 1),
  );
  expect(fed(bytes, []).progress).toEqual(single.progress);
  const step = bytes.length > 1000 ? 97 : 1;
  for (let at = 1; at < bytes.length; at += step) expect(fed(bytes, [at]).progress).toEqual(single.progress);
  return single;
}

const from4 = { source: '192.0.2.10', sourcePort: 56_324, destination: '198.51.100.25', destinationPort: 25 };
const from6 = {
  source: '2001:db8::10',
  sourcePort: 56_324,
  destination: '2001:db8::25',
  destinationPort: 25,
};
const nobody = { addresses: undefined, check: false };
const of = (addresses: ProxyHeader['addresses'], more: Partial<ProxyHeader> = {}): Partial<ProxyHeader> => ({
  addresses,
  check: false,
  ...more,
});
const tls = (more: object): object => ({
  tls: expect.objectContaining({ by: 'proxy', implicit: true, ...more }),
});

/** TLVs of version 2 over IPv4, with the sum of the whole header in front; `change` is added to it. */
function summed(items: string, change = 0): Buffer {
  const bytes = v2('2111', FOUR + item(3, '00000000') + items);
  bytes.writeUInt32BE((crc32c(bytes) + change) >>> 0, 16 + 12 + 3);
  return bytes;
}

const taken: readonly (readonly [string, Buffer, object])[] = [
  ['version 1, IPv4', v1('PROXY TCP4 192.0.2.10 198.51.100.25 56324 25\r\n'), of(from4)],
  ['version 1, IPv6', v1('PROXY TCP6 2001:db8::10 2001:DB8:0:0:0:0:0:25 56324 25\r\n'), of(from6)],
  ['version 1, mapped IPv4', v1('PROXY TCP6 ::ffff:192.0.2.10 ::ffff:c633:6419 56324 25\r\n'), of(from4)],
  [
    'version 1, IPv4 in a form that is not mapped',
    v1('PROXY TCP6 ::127.0.0.1 ::1 1 25\r\n'),
    of({ source: '::7f00:1', sourcePort: 1, destination: '::1', destinationPort: 25 }),
  ],
  ['version 1, UNKNOWN', v1('PROXY UNKNOWN\r\n'), nobody],
  ['version 1, UNKNOWN and 107 octets', v1(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`), nobody],
  ['version 1, UNKNOWN and 8-bit', v1('PROXY UNKNOWN \0\xff\r\n'), nobody],
  ['version 2, IPv4', v2('2111', FOUR), of(from4)],
  ['version 2, IPv6', v2('2121', SIX), of(from6)],
  [
    'version 2, mapped IPv4',
    v2('2121', `${'0'.repeat(20)}ffffc000020a${'0'.repeat(20)}ffffc6336419dc040019`),
    of(from4),
  ],
  ['version 2, UNIX', v2('2131', '2f61'.padEnd(432, '0')), nobody],
  ['version 2, UNSPEC', v2('2100', ''), nobody],
  ['version 2, UNSPEC with anything', v2('2100', 'ffffff'), nobody],
  ['LOCAL', v2('2000', ''), { addresses: undefined, check: true }],
  ['LOCAL of an unknown family with anything', v2('20ff', 'ffffff'), { addresses: undefined, check: true }],
  ['the longest', v2('2111', FOUR + item(4, '00'.repeat(4096 - 15))), of(from4)],
  ['authority', v2('2111', FOUR + item(2, hex('MX.example'))), of(from4, { authority: 'MX.example' })],
  ['an empty authority', v2('2111', FOUR + item(2, '')), of(from4)],
  [
    'an authority of 255',
    v2('2111', FOUR + item(2, '61'.repeat(255))),
    of(from4, { authority: 'a'.repeat(255) }),
  ],
  [
    'a unique id of 128',
    v2('2111', FOUR + item(5, 'ab'.repeat(128))),
    of(from4, { uniqueId: 'ab'.repeat(128) }),
  ],
  ['ALPN of a stranger', v2('2111', FOUR + item(1, '680d0a32')), of(from4, { alpn: 'h??2' })],
  [
    'unknown types, also twice',
    v2('2111', FOUR + item(0xee, '78') + item(0xee, '') + item(0xe0, '79')),
    of(from4),
  ],
  ['a right sum', summed(''), of(from4)],
  ['a right sum with more behind it', summed(item(2, '61')), of(from4, { authority: 'a' })],
  [
    'an SSL type without TLS',
    v2('2111', FOUR + item(0x20, `0000000001${item(0x21, hex('TLSv1.2'))}`)),
    of(from4),
  ],
  [
    'TLS without a client certificate',
    v2('2111', FOUR + item(2, hex('mx.example')) + item(0x20, `0100000001${item(0x21, hex('TLSv1.2'))}`)),
    of(from4, {
      authority: 'mx.example',
      ...tls({ version: 'TLSv1.2', name: 'mx.example', certificate: undefined }),
    }),
  ],
  [
    'TLS with a verified certificate',
    v2(
      '2111',
      FOUR +
        item(
          0x20,
          `0300000000${item(0x21, hex('TLSv1.3'))}${item(0x22, hex('joe\r\n'))}${item(0x23, hex('TLS_AES_128_GCM_SHA256'))}${item(0x24, hex('RSA'))}`,
        ),
    ),
    of(
      from4,
      tls({
        version: 'TLSv1.3',
        cipher: 'TLS_AES_128_GCM_SHA256',
        certificate: expect.objectContaining({ result: 'verified', commonName: 'joe??' }),
      }),
    ),
  ],
  [
    'TLS resumed, with a certificate that is not verified',
    v2('2111', FOUR + item(0x20, `0500000012${item(0x22, hex('x'.repeat(300)))}`)),
    of(
      from4,
      tls({
        certificate: expect.objectContaining({
          result: 'untrusted',
          cause: 'not verified by the balancer (18)',
          commonName: 'x'.repeat(256),
        }),
      }),
    ),
  ],
];

/** Text, octets, words of the cause, and the octet that shows it where that is not the last one. */
const refused: readonly (readonly [string, Buffer, RegExp, number?])[] = [
  ['no header', v1('EHLO a.example\r\n'), /no PROXY header/, 1],
  ['TLS', Buffer.from('160301', 'hex'), /no PROXY header/, 1],
  ['small letters', v1('proxy TCP4 192.0.2.10 198.51.100.25 56324 25\r\n'), /no PROXY header/, 1],
  ['a tab', v1('PROXY\tTCP4 192.0.2.10 198.51.100.25 56324 25\r\n'), /no PROXY header/, 6],
  ['small letters of the family', v1('PROXY tcp4 192.0.2.10 198.51.100.25 56324 25\r\n'), /TCP4/],
  ['another family', v1('PROXY UDP4 192.0.2.10 198.51.100.25 56324 25\r\n'), /TCP4/],
  ['two blanks', v1('PROXY  TCP4 192.0.2.10 198.51.100.25 56324 25\r\n'), /TCP4/],
  ['two blanks further on', v1('PROXY TCP4 192.0.2.10  198.51.100.25 56324 25\r\n'), /one blank/],
  ['a blank at the end', v1('PROXY TCP4 192.0.2.10 198.51.100.25 56324 25 \r\n'), /one blank/],
  ['a missing port', v1('PROXY TCP4 192.0.2.10 198.51.100.25 56324\r\n'), /one blank/],
  ['a bare LF', v1('PROXY TCP4 192.0.2.10 198.51.100.25 56324 25\n'), /CRLF/],
  ['a CR within', v1('PROXY TCP4 192.0.2.10\r198.51.100.25 56324 25\r\n'), /CRLF/],
  ['a leading zero in an address', v1('PROXY TCP4 192.0.2.010 198.51.100.25 56324 25\r\n'), /TCP4/],
  ['an address cut short', v1('PROXY TCP4 192.0.2 198.51.100.25 56324 25\r\n'), /TCP4/],
  ['a number as address', v1('PROXY TCP4 2130706433 198.51.100.25 56324 25\r\n'), /TCP4/],
  ['IPv6 as TCP4', v1('PROXY TCP4 2001:db8::10 198.51.100.25 56324 25\r\n'), /TCP4/],
  ['IPv4 as TCP6', v1('PROXY TCP6 192.0.2.10 198.51.100.25 56324 25\r\n'), /TCP6/],
  ['a zone', v1('PROXY TCP6 fe80::1%eth0 2001:db8::25 56324 25\r\n'), /TCP6/],
  ['a leading zero in a port', v1('PROXY TCP4 192.0.2.10 198.51.100.25 056324 25\r\n'), /no port/],
  ['a port of 65536', v1('PROXY TCP4 192.0.2.10 198.51.100.25 65536 25\r\n'), /no port/],
  ['a sign before a port', v1('PROXY TCP4 192.0.2.10 198.51.100.25 +25 25\r\n'), /no port/],
  ['108 octets', v1(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`), /107/, 107],
  ['a line that never ends', v1(`PROXY UNKNOWN ${'x'.repeat(300)}`), /107/, 107],
  ['a broken signature', Buffer.from('0d0a0d0a000d0a515549540d2111', 'hex'), /no PROXY header/, 12],
  ['version 1 in octets', v2('1111', FOUR), /version 1/, 13],
  ['version 3', v2('3111', FOUR), /version 3/, 13],
  ['an unknown command', v2('2211', FOUR), /command/, 13],
  ['a datagram', v2('2112', FOUR), /stream/, 14],
  ['an unknown family', v2('2141', FOUR), /stream/, 14],
  ['a stream of no family', v2('2101', FOUR), /stream/, 14],
  ['a UNIX datagram', v2('2132', '00'.repeat(216)), /stream/, 14],
  ['a length beyond the limit', v2('2111', FOUR + item(4, '00'.repeat(4096 - 14))), /4096/, 16],
  ['a huge length', Buffer.from(`${SIGNATURE}2111ffff`, 'hex'), /4096/, 15],
  ['a huge length of LOCAL', Buffer.from(`${SIGNATURE}2000ffff`, 'hex'), /4096/, 15],
  ['too short for IPv4', v2('2111', FOUR.slice(2)), /too short/],
  ['too short for IPv6', v2('2121', FOUR), /too short/],
  ['too short for UNIX', v2('2131', FOUR), /too short/],
  ['a type without a length', v2('2111', `${FOUR}0200`), /cut off/],
  ['a value longer than what is there', v2('2111', `${FOUR}02000361`), /cut off/],
  ['a line end in the authority', v2('2111', FOUR + item(2, '610d0a62')), /authority/],
  ['a blank in the authority', v2('2111', FOUR + item(2, '612062')), /authority/],
  ['an authority of 256', v2('2111', FOUR + item(2, '61'.repeat(256))), /authority/],
  ['a unique id of 129', v2('2111', FOUR + item(5, '61'.repeat(129))), /unique id/],
  ['two authorities', v2('2111', FOUR + item(2, '61') + item(2, '62')), /twice/],
  ['two SSL types', v2('2111', FOUR + item(0x20, '0100000000') + item(0x20, '0000000000')), /twice/],
  [
    'two common names',
    v2('2111', FOUR + item(0x20, `0300000000${item(0x22, '61')}${item(0x22, '62')}`)),
    /twice/,
  ],
  ['a wrong sum', summed('', 1), /CRC/],
  ['a sum of three octets', v2('2111', FOUR + item(3, '000000')), /CRC/],
  ['two sums', summed(item(3, '00000000')), /twice/],
  ['an SSL type of four octets', v2('2111', FOUR + item(0x20, '01000000')), /too short/],
  ['an SSL type whose items are cut off', v2('2111', FOUR + item(0x20, '01000000002100')), /cut off/],
];

describe('the header of the PROXY protocol', () => {
  it.each(taken)('is taken: %s', (_, bytes, expected) => {
    const { progress, after } = everyWay(bytes);
    expect(progress).toMatchObject({ kind: 'header', header: expected });
    expect(after).toBe(bytes.length);
    if (progress.kind === 'header') {
      const keys = Object.keys(progress.header).filter((key) => key !== 'version');
      expect(keys.sort()).toEqual(Object.keys(expected).sort());
    }
  });

  it.each(taken)('leaves what is behind it: %s', (_, bytes, expected) => {
    const { progress } = everyWay(Buffer.concat([bytes, v1('EHLO a.example\r\n')]));
    expect(progress).toMatchObject({ kind: 'header', header: expected });
    expect(progress.kind === 'header' && progress.rest.toString('latin1')).toBe('EHLO a.example\r\n');
  });

  it.each(refused.map(([name, bytes, cause, at]) => ({ name, bytes, cause, at: at ?? bytes.length })))(
    'is refused: $name',
    ({ bytes, cause, at }) => {
      const { progress, after } = everyWay(bytes);
      expect(progress).toEqual({ kind: 'refused', cause: expect.stringMatching(cause) });
      expect(after).toBe(at);
    },
  );

  it.each(taken)('is waited for to its last octet: %s', (_, bytes) => {
    for (let length = 1; length < Math.min(bytes.length, 1000); length++) {
      expect(fed(bytes.subarray(0, length), []).progress).toEqual({ kind: 'incomplete' });
    }
  });

  it('has the sum of RFC 3720 appendix B.4', () => {
    const sums = [Buffer.alloc(32), Buffer.alloc(32, 0xff), Buffer.from('123456789')].map((octets) =>
      crc32c(octets),
    );
    expect(sums.map((sum) => sum.toString(16))).toEqual(['8a9136aa', '62a8ab43', 'e3069283']);
  });

  it.each([
    ['PROXY ', 'yes'],
    ['PROXY TCP4 ', 'yes'],
    ['PRO', 'perhaps'],
    ['', 'perhaps'],
    ['\r\n', 'perhaps'],
    ['\r\n\r\n\0\r\nQUIT', 'perhaps'],
    ['\r\n\r\n\0\r\nQUIT\n', 'yes'],
    ['\r\n\r\nE', 'no'],
    ['EHLO', 'no'],
    ['proxy ', 'no'],
  ])('is known by its beginning: %j', (text, likeness) => {
    expect(likeProxy(v1(text))).toBe(likeness);
  });
});

interface Case {
  readonly name: string;
  readonly hex: string;
  readonly rest?: string;
  readonly result: {
    readonly kind: string;
    readonly alpn?: string;
    readonly authority?: string;
    readonly uniqueId?: string;
    readonly tls?: { readonly version?: string; readonly clientCertificate?: string };
  };
}

const suite = sharedSuite<{ readonly cases: readonly Case[] }>('proxy-cases');

describe.skipIf(suite === undefined)('the cases of others', () => {
  it.each(suite?.cases ?? [])('$name', ({ hex: octets, rest, result: { kind, tls: ssl, ...expected } }) => {
    const { progress } = everyWay(Buffer.from(octets, 'hex'));
    if (kind === 'incomplete' || kind === 'refused') {
      expect(progress.kind).toBe(kind);
      return;
    }
    if (progress.kind !== 'header') throw new Error(JSON.stringify(progress));
    const { addresses, alpn, authority, uniqueId, tls: info } = progress.header;
    const known = { ...addresses, alpn, authority, uniqueId };
    expect(addresses === undefined ? 'local' : 'proxied').toBe(kind);
    for (const [name, value] of Object.entries(expected)) expect(known).toHaveProperty(name, value);
    expect(info?.version).toBe(ssl?.version);
    if (ssl !== undefined) expect(info?.certificate?.result ?? 'none').toBe(ssl.clientCertificate);
    if (rest !== undefined) expect(progress.rest.toString('hex')).toBe(rest);
  });

  it('are all there', () => {
    expect(suite?.cases.length).toBeGreaterThanOrEqual(36);
  });
});
