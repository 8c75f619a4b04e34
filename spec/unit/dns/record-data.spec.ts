// The fields of each type, from octets written by hand (RFC in the reader), and what is refused.
import { describe, expect, it } from 'vitest';
import { nameOctets, u16, u32 } from '../../../src/bench/ports/dns-zone.ts';
import { type Fields, readData } from '../../../src/dns/record-data.ts';

function data(type: number, cls: number, ...parts: (Buffer | string)[]): Fields | undefined {
  const octets = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  );
  // A header, RDLENGTH, the data, and something behind it.
  const packet = Buffer.concat([Buffer.alloc(12), u16(octets.length), octets, Buffer.alloc(40, 1)]);
  return readData(type, cls, { packet, start: 14, end: 14 + octets.length });
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('readData', () => {
  it.each<[string, number, (Buffer | string)[], Fields]>([
    ['A', 1, [hex('c0000201')], { value: '192.0.2.1' }],
    ['NS', 2, [nameOctets('ns.test')], { value: 'ns.test.' }],
    ['CNAME to the root', 5, [hex('00')], { value: '.' }],
    [
      'SOA',
      6,
      [nameOctets('ns.test'), nameOctets('john\\.doe.test'), ...[1, 2, 3, 4, 4_294_967_295].map(u32)],
      {
        mname: 'ns.test.',
        rname: 'john\\.doe.test.',
        serial: 1,
        refresh: 2,
        retry: 3,
        expire: 4,
        minimum: 4_294_967_295,
      },
    ],
    ['NULL', 10, ['\0\xff\n'], { value: Buffer.from('\0\xff\n', 'latin1') }],
    ['PTR', 12, [nameOctets('Host.Test')], { value: 'Host.Test.' }],
    ['HINFO', 13, ['\x03PDP\x04\xff.nx'], { cpu: 'PDP', os: '\xff.nx' }],
    ['MINFO', 14, [nameOctets('a.test'), nameOctets('b.test')], { rmailbx: 'a.test.', emailbx: 'b.test.' }],
    ['MX', 15, [u16(10), nameOctets('mx.test')], { preference: 10, value: 'mx.test.' }],
    ['null MX', 15, [u16(0), hex('00')], { preference: 0, value: '.' }],
    [
      'TXT',
      16,
      ['\x03a\0b\x00\x02\xffc'],
      { value: Buffer.from('a\0b\xffc', 'latin1'), strings: ['a\0b', '', '\xffc'] },
    ],
    ['empty TXT', 16, ['\0'], { value: Buffer.alloc(0) }],
    ['AAAA', 28, [hex('20010db8000000000000000000000001')], { value: '2001:db8::1' }],
    [
      'SRV',
      33,
      [u16(1), u16(2), u16(25), nameOctets('srv.test')],
      { priority: 1, weight: 2, port: 25, value: 'srv.test.' },
    ],
    [
      'NAPTR',
      35,
      [u16(100), u16(50), '\x01u\x0aE2U+email!\x05!x!y!', nameOctets('r.test')],
      { order: 100, preference: 50, flags: 'u', services: 'E2U+email!', regexp: '!x!y!', value: 'r.test.' },
    ],
    ['DNAME', 39, [nameOctets('new.test')], { value: 'new.test.' }],
    [
      'DS',
      43,
      [u16(60485), hex('0501'), hex('2bb183af')],
      { key_tag: 60485, algorithm: 5, digest_type: 1, value: '2bb183af' },
    ],
    [
      'DNSKEY',
      48,
      [u16(257), hex('0308'), 'key!'],
      { flags: 257, protocol: 3, algorithm: 8, value: 'a2V5IQ==' },
    ],
    ['TLSA', 52, [hex('030101'), hex('d2abde24')], { usage: 3, selector: 1, matching: 1, value: 'd2abde24' }],
    [
      'HTTPS',
      65,
      [
        u16(1),
        hex('00'),
        u16(1),
        u16(6),
        '\x02h2\x02h3',
        u16(3),
        u16(2),
        u16(8443),
        u16(4),
        u16(4),
        hex('c0000201'),
      ],
      { priority: 1, value: '.', params: 'alpn=h2,h3 port=8443 ipv4hint=192.0.2.1' },
    ],
    ['SVCB alias', 64, [u16(0), nameOctets('svc.test')], { priority: 0, value: 'svc.test.', params: '' }],
    [
      'SVCB with everything',
      64,
      [
        u16(1),
        nameOctets('svc.test'),
        ...[u16(0), u16(4), u16(1), u16(3)],
        ...[u16(1), u16(4), '\x03h,2'],
        ...[u16(2), u16(0)],
        ...[u16(5), u16(2), 'ab'],
        ...[u16(6), u16(16), hex('20010db8000000000000000000000001')],
        ...[u16(667), u16(5), 'a"\\ \xff'],
      ],
      {
        priority: 1,
        value: 'svc.test.',
        params:
          'mandatory=alpn,port alpn=h\\0442 no-default-alpn ech=YWI= ipv6hint=2001:db8::1 key667=a\\034\\092\\032\\255',
      },
    ],
    ['SPF as TXT', 99, ['\x06v=spf1'], { value: Buffer.from('v=spf1') }],
    ['CAA', 257, ['\x80\x05issueca.test; a=\xff'], { flags: 128, tag: 'issue', value: 'ca.test; a=\xff' }],
    ['a type without name', 65_280, ['\x01\x02'], { value: Buffer.from([1, 2]) }],
    ['a type without name and data', 65_280, [], { value: Buffer.alloc(0) }],
  ])('%s', (_what, type, parts, fields) => {
    expect(data(type, 1, ...parts)).toEqual(fields);
  });

  it('gives A and AAAA of another class as octets', () => {
    expect(data(1, 3, '\x01a\0\0\x01')).toEqual({ value: Buffer.from([1, 0x61, 0, 0, 1]) });
  });

  it('copies octets out of the packet', () => {
    const packet = Buffer.concat([Buffer.alloc(12), u16(2), Buffer.from('\x01a')]);
    const fields = readData(16, 1, { packet, start: 14, end: 16 });
    packet.fill(0);
    expect(fields).toEqual({ value: Buffer.from('a') });
  });

  it.each<[string, number, (Buffer | string)[]]>([
    ['A too short', 1, ['abc']],
    ['AAAA too long', 28, [Buffer.alloc(17)]],
    ['NS with octets behind', 2, [nameOctets('a'), 'x']],
    ['SOA without its numbers', 6, [nameOctets('a'), nameOctets('b'), u32(1)]],
    ['SOA with one more', 6, [nameOctets('a'), nameOctets('b'), Buffer.alloc(24)]],
    ['SOA with one name', 6, [nameOctets('a')]],
    ['HINFO with one string', 13, ['\x01a']],
    ['HINFO with three', 13, ['\x01a\x01b\x01c']],
    ['MINFO with one name', 14, [nameOctets('a')]],
    ['MX without name', 15, [u16(10)]],
    ['MX of one octet', 15, ['\0']],
    ['TXT cut', 16, ['\x05ab']],
    ['SRV without target', 33, [u16(1), u16(2), u16(25)]],
    ['NAPTR cut in a string', 35, [u16(1), u16(2), '\x01u\x20E2U']],
    ['NAPTR without replacement', 35, [u16(1), u16(2), '\x01u\0\0']],
    ['DS without digest', 43, [u16(1), hex('0501')]],
    ['DNSKEY without key', 48, [u16(257), hex('0308')]],
    ['DNSKEY of another protocol', 48, [u16(257), hex('0208'), 'key!']],
    ['TLSA without data', 52, [hex('030101')]],
    ['SVCB without target', 64, [u16(1)]],
    [
      'SVCB with parameters out of order',
      64,
      [u16(1), hex('00'), u16(3), u16(2), u16(1), u16(1), u16(3), '\x02h2'],
    ],
    ['SVCB with a parameter cut', 64, [u16(1), hex('00'), u16(3), u16(9), u16(1)]],
    ['SVCB with half a parameter', 64, [u16(1), hex('00'), hex('0003')]],
    ['SVCB with a port of one octet', 64, [u16(1), hex('00'), u16(3), u16(1), 'a']],
    ['SVCB with an empty hint', 64, [u16(1), hex('00'), u16(4), u16(0)]],
    ['SVCB with an empty protocol', 64, [u16(1), hex('00'), u16(1), u16(1), '\0']],
    ['SVCB with a no-default-alpn that has a value', 64, [u16(1), hex('00'), u16(2), u16(1), 'a']],
    ['CAA without tag', 257, ['\0\0ca']],
    ['CAA with a tag cut', 257, ['\0\x09issue']],
  ])('refuses %s', (_what, type, parts) => {
    expect(data(type, 1, ...parts)).toBeUndefined();
  });
});
