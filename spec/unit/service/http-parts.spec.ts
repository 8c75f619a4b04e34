import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeContent } from '../../../src/service/http-content.ts';
import { formatHttpDate, readHttpDate } from '../../../src/service/http-date.ts';
import { readReach, refusalOf } from '../../../src/service/http-reach.ts';
import { MemoryPool } from '../../../src/service/memory-share.ts';

describe('decodeContent', () => {
  const content = Buffer.from('every \0 byte \xff\n'.repeat(1000), 'latin1');

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(content)],
    ['X-GZIP', gzipSync(content)],
    ['br', brotliCompressSync(content)],
    ['deflate', deflateSync(content)],
    ['deflate', deflateRawSync(content)],
    ['identity', content],
    ['', content],
    ['gzip, br', brotliCompressSync(gzipSync(content))],
    ['compress', content],
  ])('%s', async (encoding, encoded) => {
    expect(await decodeContent(encoded, encoding, content.length)).toEqual({ kind: 'decoded', content });
  });

  it('stops at the limit: a bomb is an error', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    expect(bomb.length).toBeLessThan(20_000);
    const outcome = await decodeContent(bomb, 'gzip', 1_000_000);
    expect(outcome.kind === 'failed' && outcome.error).toContain('http-max-size (1000000 bytes)');
    const nested = await decodeContent(gzipSync(bomb), 'gzip, gzip', 1_000_000);
    expect(nested.kind).toBe('failed');
    expect((await decodeContent(bomb, 'gzip,gzip,gzip,gzip', 1_000_000)).kind).toBe('failed');
  });

  it.each(['gzip', 'br', 'deflate'])('damaged or cut %s is an error', async (encoding) => {
    expect((await decodeContent(Buffer.from('nonsense'), encoding, 1000)).kind).toBe('failed');
    const whole = { gzip: gzipSync(content), br: brotliCompressSync(content), deflate: deflateSync(content) }[
      encoding
    ];
    const cut = await decodeContent(whole?.subarray(0, -5) ?? Buffer.alloc(0), encoding, 1_000_000);
    expect(cut.kind === 'failed' && cut.error).toContain(`not valid ${encoding}`);
  });

  it('takes an empty content for what it is', async () => {
    expect(await decodeContent(Buffer.alloc(0), 'gzip', 10)).toEqual({
      kind: 'decoded',
      content: Buffer.alloc(0),
    });
  });
});

describe('readHttpDate', () => {
  it.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    '6 Nov 1994 09:49:37 +0100',
    ' Sun, 06 Nov 1994 08:49:37 GMT ',
  ])('%s', (text) => {
    expect(readHttpDate(text)).toBe(784_111_777);
  });

  it.each(['', '0', '-1', 'soon', 'Sun, 31 Feb 1994 08:49:37 GMT'])('%j is none', (text) => {
    expect(readHttpDate(text)).toBeUndefined();
  });

  it('is written as IMF-fixdate', () => {
    expect(formatHttpDate(784_111_777)).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
    expect(formatHttpDate(1e15)).toBeUndefined();
  });
});

describe('refusalOf', () => {
  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '4000::1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    'fe80::1%eth0',
    'localhost',
    '',
    '1.2.3',
    '1.2.3.4/8',
  ])('refuses %s', (address) => {
    expect(refusalOf(address, readReach('', ''))).toBeTypeOf('string');
  });

  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '198.20.0.1',
    '::ffff:8.8.8.8',
    '2606:4700::1111',
    '2a00:1450::1',
  ])('permits %s', (address) => {
    expect(refusalOf(address, readReach('', ''))).toBeUndefined();
  });

  it('refuses what no class names: the platform of a cloud, protocol assignments', () => {
    for (const address of [
      '168.63.129.16',
      '::ffff:168.63.129.16',
      '2001:10::1',
      '2001:20::1',
      '2001:2::1',
    ]) {
      expect(refusalOf(address, readReach('', ''))).toContain('http-allow-reserved');
      expect(refusalOf(address, readReach('168.63.129.16 2001::/16', ''))).toBeUndefined();
    }
  });

  it('refuses what http-refuse names, whatever else holds', () => {
    const reach = readReach('127.0.0.0/8', '127.0.0.1 2a00:1450::/32 2a00:b::1%eth0');
    expect(refusalOf('2a00:b::1', reach)).toBe('2a00:b::1 is refused (option http-refuse)');
    for (const address of ['127.0.0.1', '2a00:1450::1']) {
      expect(refusalOf(address, reach)).toBe(`${address} is refused (option http-refuse)`);
    }
    expect(refusalOf('127.0.0.2', reach)).toBeUndefined();
  });

  it('permits the networks and addresses of the option, and no others', () => {
    const allowed = '127.0.0.0/8, 10.1.2.3; fd00:1::/32 ::1';
    for (const address of ['127.9.9.9', '10.1.2.3', 'fd00:1:2::3', '::1', '::ffff:127.0.0.1']) {
      expect(refusalOf(address, readReach(allowed, ''))).toBeUndefined();
    }
    for (const address of ['10.1.2.4', 'fd00:2::1', '::', '192.168.0.1']) {
      expect(refusalOf(address, readReach(allowed, ''))).toContain('http-allow-reserved');
    }
  });
});

describe('MemoryPool', () => {
  it('adds shares up and takes them back once', () => {
    const pool = new MemoryPool();
    const [one, two] = [pool.share(100), pool.share(100)];
    expect(one.reserve(60)).toBe(true);
    expect(two.reserve(50)).toBe(false);
    expect(two.reserve(40)).toBe(true);
    expect(pool.used).toBe(100);
    one.release();
    one.release();
    expect(pool.used).toBe(40);
    two.release();
    expect(pool.used).toBe(0);
  });
});
