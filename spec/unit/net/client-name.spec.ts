import { describe, expect, it } from 'vitest';
import { clientName } from '../../../src/net/client-name.ts';

describe('clientName', () => {
  it.each([
    'a',
    'mail-1.example.com',
    '_x.example',
    '1-2-3-4.pool.example',
    'localhost.example.com',
    'mylocalhost',
  ])('takes %s, in lower case and without its final dot', (name) => {
    expect(clientName(name)).toBe(name);
    expect(clientName(`${name.toUpperCase()}.`)).toBe(name);
  });

  it.each([
    ...[
      '',
      '.',
      'a..b',
      '-a.b',
      'a-.b',
      'a b',
      'a\\010b.c',
      'a\\.b',
      'a\n',
      'a/b',
      'x'.repeat(255),
      'x'.repeat(64),
    ],
    ...[
      '\xfc.example',
      'a@b.example',
      'foo"><x',
      '[192.0.2.1]',
      '192.0.2.1',
      '2001:db8::1',
      '192.0.2.1.',
      '1',
      '0x7f.1',
    ],
    ...[
      '0x7f000001',
      'a.0X1',
      'localhost',
      'LocalHost.',
      'a.localhost',
      'localhost.localdomain',
      'localhost6',
    ],
    ...['localhost4.localdomain4', 'ip6-localhost', 'ip6-loopback', 'loopback'],
  ])('knows that %j names no host, or no other than this one', (name) => {
    expect(clientName(name)).toBeUndefined();
  });
});
