import { describe, expect, it } from 'vitest';
import { type ClientHello, ClientHelloReader, LONGEST_HELLO } from '../../../src/net/client-hello.ts';
import { helloOf } from '../../fakes/tls-rig.ts';

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const vector = (size: 1 | 2, ...parts: readonly Buffer[]): Buffer => {
  const all = Buffer.concat(parts);
  return Buffer.concat([size === 1 ? u8(all.length) : u16(all.length), all]);
};
const extension = (type: number, value: Buffer): Buffer => Buffer.concat([u16(type), vector(2, value)]);
const sni = (...names: readonly string[]): Buffer =>
  extension(
    0,
    vector(2, ...names.map((name) => Buffer.concat([u8(0), vector(2, Buffer.from(name, 'latin1'))]))),
  );
const alpn = (...names: readonly string[]): Buffer =>
  extension(16, vector(2, ...names.map((name) => vector(1, Buffer.from(name, 'latin1')))));

/** The handshake message. */
function message(...extensions: readonly Buffer[]): Buffer {
  const body = Buffer.concat([
    ...[
      u16(0x0303),
      Buffer.alloc(32, 7),
      vector(1, Buffer.alloc(32)),
      vector(2, u16(0x1301)),
      vector(1, u8(0)),
    ],
    vector(2, ...extensions),
  ]);
  return Buffer.concat([u8(1), u8(0), u16(body.length), body]);
}

/** In records of at most `size` octets. */
function records(whole: Buffer, size = 16_384): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < whole.length; at += size)
    parts.push(Buffer.concat([u8(22), u16(0x0301), vector(2, whole.subarray(at, at + size))]));
  return Buffer.concat(parts);
}

/** What the reader says of these chunks, and whether it gives all of them back. */
function read(...chunks: readonly Buffer[]): { outcome: ClientHello | string; all: boolean; taken: number } {
  const reader = new ClientHelloReader();
  let taken = 0;
  for (const chunk of chunks) {
    const outcome = reader.push(chunk);
    taken++;
    if (outcome.kind === 'more') continue;
    const said = outcome.kind === 'hello' ? outcome.hello : outcome.cause;
    return { outcome: said, all: reader.take().equals(Buffer.concat(chunks.slice(0, taken))), taken };
  }
  return { outcome: 'more', all: reader.take().equals(Buffer.concat(chunks)), taken };
}

const octets = (bytes: Buffer): readonly Buffer[] => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));

const names300 = Array.from({ length: 300 }, (_, i) => `n${i}.example`);

describe('a ClientHello', () => {
  const cases: readonly (readonly [string, Buffer, ClientHello])[] = [
    ['no extensions', message(), { name: undefined, protocols: undefined }],
    ['a name', message(sni('mx.example')), { name: 'mx.example', protocols: undefined }],
    [
      'a name in capitals with a dot',
      message(sni('MX.Example.')),
      { name: 'mx.example', protocols: undefined },
    ],
    ['300 names: the first counts', message(sni(...names300)), { name: 'n0.example', protocols: undefined }],
    ['an address', message(sni('192.0.2.1')), { name: '192.0.2.1', protocols: undefined }],
    ['an empty name', message(sni('')), { name: undefined, protocols: undefined }],
    ['octets that are no name', message(sni('a\0b\xff')), { name: 'a\0b\xff', protocols: undefined }],
    ['protocols', message(alpn('h2', 'smtp')), { name: undefined, protocols: ['h2', 'smtp'] }],
    [
      'both, with others around',
      message(
        extension(51, Buffer.alloc(500)),
        alpn('smtp'),
        extension(43, u16(772)),
        sni('a.b'),
        extension(21, Buffer.alloc(300)),
      ),
      { name: 'a.b', protocols: ['smtp'] },
    ],
  ];

  it.each(cases)(
    '%s: whole, in single octets, cut in two anywhere, in records of 1 and 7 octets',
    (_name, hello, said) => {
      const whole = records(hello);
      const right = { outcome: said, all: true };
      expect(read(whole)).toMatchObject(right);
      expect(read(...octets(whole))).toMatchObject(right);
      for (let at = 1; at < whole.length; at++)
        expect(read(whole.subarray(0, at), whole.subarray(at))).toMatchObject(right);
      for (const size of [1, 7]) {
        const small = records(hello, size);
        if (small.length >= LONGEST_HELLO) continue;
        expect(read(small)).toMatchObject(right);
        expect(read(...octets(small))).toMatchObject(right);
      }
    },
  );

  it.each([
    ['of TLS 1.3', {}],
    ['of TLS 1.2', { maxVersion: 'TLSv1.2' }],
  ] as const)('as OpenSSL makes it, %s', async (_version, options) => {
    const hello = await helloOf({ ...options, servername: 'mx.example.test', ALPNProtocols: ['smtp'] });
    expect(read(hello)).toMatchObject({
      outcome: { name: 'mx.example.test', protocols: ['smtp'] },
      all: true,
    });
    expect(read(await helloOf(options))).toMatchObject({
      outcome: { name: undefined, protocols: undefined },
    });
  });

  it('with more behind it gives back that too', () => {
    const whole = Buffer.concat([records(message(sni('a.b'))), Buffer.from('early data')]);
    expect(read(whole)).toMatchObject({ outcome: { name: 'a.b' }, all: true });
  });

  const padded = (octetsOfIt: number): Buffer => message(sni('a.b'), extension(21, Buffer.alloc(octetsOfIt)));
  const head = (...bytes: readonly number[]): Buffer => Buffer.from(bytes);
  it.each([
    ['a command in clear', Buffer.from('EHLO a\r\n'), /no TLS record/, 1],
    ['an alert', head(21, 3, 1, 0, 2, 1, 0), /no TLS record/, 1],
    ['SSL 2', head(0x80, 46, 1, 3, 1), /no TLS record/, 1],
    ['another version', head(22, 2, 0), /no version/, 2],
    ['an empty record', head(22, 3, 1, 0, 0), /wrong length/, 5],
    ['a record that is too long', head(22, 3, 1, 0x40, 1), /wrong length/, 5],
    [
      'a server hello',
      records(Buffer.concat([u8(2), u8(0), u16(4), Buffer.alloc(4)])),
      /no ClientHello/,
      undefined,
    ],
    ['20 KB', records(padded(20_000), 4000), /more than 16384/, undefined],
    ['a length of 16 MB', records(head(1, 255, 255, 255)), /more than 16384/, undefined],
    [
      'a name that is cut off',
      records(message(extension(0, head(0, 9, 0, 0, 6, 97)))),
      /malformed/,
      undefined,
    ],
    [
      'protocols that are cut off',
      records(message(extension(16, head(0, 2, 4, 97)))),
      /malformed/,
      undefined,
    ],
    ['an extension without end', records(message(head(0, 0, 0))), /malformed/, undefined],
    ['nothing in it', records(head(1, 0, 0, 0)), /malformed/, undefined],
  ])('is refused: %s, at the first octet that shows it', (_name, bytes, cause, at) => {
    expect(read(bytes).outcome).toMatch(cause);
    const single = read(...octets(bytes));
    expect(single.outcome).toMatch(cause);
    if (at !== undefined) expect(single.taken).toBe(at);
    expect(single.taken).toBeLessThanOrEqual(LONGEST_HELLO);
  });

  it('is never more than 16 KiB, in whatever pieces and records, and costs no more in small ones', () => {
    expect(read(records(padded(16_000)))).toMatchObject({ outcome: { name: 'a.b' } });
    // Each octet has a record of its own: 6 octets of the stream.
    const many = records(padded(5000), 1);
    const single = read(...octets(many));
    expect(single).toMatchObject({
      outcome: expect.stringContaining('more than 16384'),
      taken: LONGEST_HELLO,
    });
  });
});
