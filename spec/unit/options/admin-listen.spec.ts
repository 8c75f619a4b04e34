// Where administration may be listened for, and what is said of what is no such place.
import { expect, it } from 'vitest';
import { isLoopbackPlace, readAdminListen } from '../../../src/options/admin-listen.ts';
import { contradictions } from '../../../src/options/contradictions.ts';
import { createOptions } from '../../../src/options/option-set.ts';

it.each([
  ['127.0.0.1:9101', true],
  ['127.5.5.5:1', true],
  ['[::1]:9101', true],
  ['[0:0:0:0:0:0:0:1]:9101', true],
  ['unix:/run/smtpe/admin.sock', true],
  ['0.0.0.0:9101', false],
  ['10.0.0.1:9101', false],
  ['[::]:9101', false],
  ['[2001:db8::1]:9101', false],
  ['[::ffff:127.0.0.1]:9101', false],
])('%s is a place, on this machine: %s', (text, loopback) => {
  const place = readAdminListen(text);
  expect(place).toBeDefined();
  if (place !== undefined) expect(isLoopbackPlace(place)).toBe(loopback);
});

it.each([
  ...[
    '9101',
    ':9101',
    'localhost:9101',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '::1:9101',
    '[127.0.0.1]:9101',
  ],
  ...[
    '[::1]',
    '[fe80::1%eth0]:9101',
    'unix:',
    'unix:admin.sock',
    `unix:/${'x'.repeat(107)}`,
    'tcp:127.0.0.1:1',
    ' ',
  ],
])('%s is none', (text) => {
  expect(readAdminListen(text)).toBeUndefined();
  expect(() => createOptions({ 'admin-listen': text })).toThrow(/127\.0\.0\.1:9101.*unix:\/run/);
});

it('a place that others can reach needs a token, and the others do not', () => {
  const of = (text: string, token = ''): readonly string[] =>
    contradictions(createOptions({ 'admin-listen': text, 'admin-token-file': token }));
  expect(of('0.0.0.0:9101')).toEqual([
    expect.stringMatching(/admin-listen=0\.0\.0\.0:9101.*set admin-token-file/),
  ]);
  for (const fine of [of('0.0.0.0:9101', '/token'), of('127.0.0.1:9101'), of('unix:/x'), of('')])
    expect(fine).toEqual([]);
});
