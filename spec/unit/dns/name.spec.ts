// Which names are asked, and how names of answers are written.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOctets } from '../../../src/bench/ports/dns-zone.ts';
import { checkName, readName } from '../../../src/dns/name.ts';

const label63 = 'a'.repeat(63);
const longest = `${label63}.${label63}.${label63}.${'a'.repeat(61)}`;

describe('checkName', () => {
  it.each([
    ['example.com', 'example.com'],
    ['example.com.', 'example.com'],
    ['.', ''],
    ['ExAmple.COM', 'ExAmple.COM'],
    ['_dmarc.example.com', '_dmarc.example.com'],
    ['1/25.2.0.192.in-addr.arpa', '1/25.2.0.192.in-addr.arpa'],
    ['*.example.com', '*.example.com'],
    [`${label63}.com`, `${label63}.com`],
    [longest, longest],
    [`${longest}.`, longest],
    [Buffer.from('b\u00fccher.example', 'utf8').toString('latin1'), 'xn--bcher-kva.example'],
    ['b\u00fccher.example', undefined],
    ['\u0444.example', 'xn--t1a.example'],
    [Buffer.from('_dmarc.b\u00fccher.example.', 'utf8').toString('latin1'), '_dmarc.xn--bcher-kva.example'],
    ['', undefined],
    ['..', undefined],
    ['.a', undefined],
    ['a..b', undefined],
    ['a..', undefined],
    [`${label63}a.com`, undefined],
    [`${longest}a`, undefined],
    [`a.${longest}`, undefined],
    ['a b.example', undefined],
    ['a\n.example', undefined],
    ['a\0.example', undefined],
    ['a\x7f.example', undefined],
    ['a\\.b.example', undefined],
    ['\xff\xfe.example', undefined],
    [Buffer.from('\u00fc%41.example', 'utf8').toString('latin1'), undefined],
    [Buffer.from('\uff11\uff12.3.4', 'utf8').toString('latin1'), undefined],
    [Buffer.from('\u00fc'.repeat(100), 'utf8').toString('latin1'), undefined],
    ['x'.repeat(1_000_000), undefined],
  ])('%j', (text, name) => {
    const checked = checkName(text);
    expect(checked.kind === 'name' ? checked.name : undefined).toBe(name);
  });

  it('says what is wrong', () => {
    expect(checkName('a..b')).toEqual({ kind: 'invalid', reason: 'an empty label' });
    expect(checkName(`${label63}a`)).toEqual({ kind: 'invalid', reason: 'a label longer than 63 octets' });
    expect(checkName('a b')).toMatchObject({ kind: 'invalid', reason: expect.stringContaining('octets') });
  });

  it('lets through only names that survive the wire', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        const checked = checkName(text);
        if (checked.kind === 'invalid') return;
        const octets = nameOctets(checked.name);
        expect(readName(Buffer.concat([Buffer.alloc(12), octets]), 12, 12 + octets.length)).toEqual({
          name: checked.name === '' ? '.' : `${checked.name}.`,
          next: 12 + octets.length,
        });
      }),
    );
  });
});

function read(octets: Buffer, offset = 12): string | undefined {
  const packet = Buffer.concat([Buffer.alloc(12), octets]);
  return readName(packet, offset, packet.length)?.name;
}

describe('readName', () => {
  it('escapes what could be misread', () => {
    expect(read(nameOctets('a\\.b.example'))).toBe('a\\.b.example.');
    expect(read(nameOctets('a\\\\b.example'))).toBe('a\\\\b.example.');
    expect(read(nameOctets('a\\010Bcc:\\032x.example'))).toBe('a\\010Bcc:\\032x.example.');
    expect(read(nameOctets('\\000\\255.example'))).toBe('\\000\\255.example.');
  });

  it('follows pointers backwards only', () => {
    // 12: "example." 21: "www" -> 12
    const packet = Buffer.concat([nameOctets('example'), Buffer.from([3, 0x77, 0x77, 0x77, 0xc0, 12])]);
    expect(read(packet, 21)).toBe('www.example.');
    expect(read(Buffer.from([0xc0, 12]))).toBeUndefined();
    expect(read(Buffer.from([1, 0x61, 0xc0, 12]))).toBeUndefined();
    expect(read(Buffer.from([0xc0, 20, 0, 0, 0, 0, 0, 0, 1, 0x61, 0]))).toBeUndefined();
    // Into the header.
    expect(read(Buffer.from([0xc0, 4]))).toBeUndefined();
  });

  it('refuses what is cut, reserved or too long', () => {
    expect(read(Buffer.from([3, 0x61]))).toBeUndefined();
    expect(read(Buffer.from([1, 0x61]))).toBeUndefined();
    expect(read(Buffer.from([0x40, 0x61, 0]))).toBeUndefined();
    expect(read(Buffer.from([0xc0]))).toBeUndefined();
    expect(read(Buffer.alloc(0))).toBeUndefined();
    expect(read(nameOctets(longest))).toBe(`${longest}.`);
    expect(read(nameOctets(`a.${longest}`))).toBeUndefined();
  });

  it('gives up on chains of pointers', () => {
    const chain = Buffer.alloc(2000);
    for (let i = 2; i < chain.length; i += 2) chain.writeUInt16BE(0xc000 | (12 + i - 2), i);
    expect(read(chain, 12 + 1998)).toBeUndefined();
    expect(read(chain, 12 + 200)).toBe('.');
  });

  it('never leaves its range before a pointer', () => {
    const packet = Buffer.concat([Buffer.alloc(12), nameOctets('abc.example')]);
    expect(readName(packet, 12, packet.length - 1)).toBeUndefined();
    expect(readName(packet, 12, packet.length)?.next).toBe(packet.length);
  });
});
