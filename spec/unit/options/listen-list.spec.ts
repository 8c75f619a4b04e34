import { describe, expect, it } from 'vitest';
import { readListenList } from '../../../src/options/listen-list.ts';
import { OptionSet } from '../../../src/options/option-set.ts';

const read = (text: string): unknown => {
  const outcome = readListenList(text);
  if (outcome.kind === 'wrong') return `${outcome.wrong}: ${outcome.expected}`;
  return outcome.places.map(({ name, address, port, flags }) => [name, address, port, ...flags]);
};

describe('smtp-listen', () => {
  it.each<readonly [string, unknown]>([
    ['', []],
    [' ,; ', []],
    ['127.0.0.1:25', [['', '127.0.0.1', 25]]],
    ['mx=[::1]:25', [['mx', '::1', 25]]],
    ['*:0', [['', undefined, 0]]],
    ['mx-2=0.0.0.0:65535/AUTH-required', [['mx-2', '0.0.0.0', 65_535, 'auth-required']]],
    [
      'a=127.0.0.1:0 a=127.0.0.1:0',
      [
        ['a', '127.0.0.1', 0],
        ['a', '127.0.0.1', 0],
      ],
    ],
    [
      '127.0.0.1:25 127.0.0.2:25 [::]:25',
      [
        ['', '127.0.0.1', 25],
        ['', '127.0.0.2', 25],
        ['', '::', 25],
      ],
    ],
  ])('%j is read', (text, places) => {
    expect(read(text)).toEqual(places);
  });

  it.each([
    ['25', /list of \[name=\]address:port/],
    ['127.0.0.1', /list of/],
    ['127.0.0.1:', /list of/],
    ['127.0.0.1:65536', /list of/],
    ['127.0.0.1:-1', /list of/],
    ['127.0.0.1:0x19', /list of/],
    ['[127.0.0.1]:25', /address of this machine/],
    ['127.0.0.256:25', /address of this machine/],
    ['127.1:25', /address of this machine/],
    ['localhost:25', /no name/],
    ['mx.example.com:25', /no name/],
    ['[localhost]:25', /no name/],
    ['::1:25', /brackets around an IPv6 address: \[::1\]:25/],
    [':25', /address of this machine/],
    ['=127.0.0.1:25', /a name of letters/],
    ['m_x=127.0.0.1:25', /a name of letters/],
    ['2=127.0.0.1:25', /a name of letters/],
    ['-x=127.0.0.1:25', /a name of letters/],
    ['m.x=127.0.0.1:25', /a name of letters/],
    ['m=x=127.0.0.1:25', /no name/],
    ['store=127.0.0.1:25', /another name/],
    ['Plugin=127.0.0.1:25', /another name/],
    ['admin=127.0.0.1:25', /another name/],
    ['127.0.0.1:25/', /only the flags/],
    ['127.0.0.1:25/auth', /only the flags/],
    ['127.0.0.1:25/auth-requird', /perhaps auth-required/],
    ['127.0.0.1:25/auth-required/auth-required', /once/],
    ['127.0.0.1:25 127.0.0.1:25', /127\.0\.0\.1:25 is listened on already/],
    ['a=127.0.0.1:25 b=127.0.0.1:25', /listened on already/],
    ['0.0.0.0:25 127.0.0.1:25', /0\.0\.0\.0:25 is listened on already/],
    ['[::1]:25 [::]:25', /\[::1\]:25 is listened on already/],
    ['*:25 [::1]:25', /\*:25 is listened on already/],
    ['127.0.0.1:25 *:25', /listened on already/],
    ['a=127.0.0.1:25 a=127.0.0.1:26/auth-required', /same flags/],
    ['a=127.0.0.1:25 A=127.0.0.1:26', /one spelling of the name, a/],
  ])('%j is refused', (text, expected) => {
    expect(read(text)).toMatch(expected);
    expect(OptionSet.defaults().set('smtp-listen', text, 'test')).toEqual({
      kind: 'invalid',
      expected: expect.stringMatching(expected),
    });
  });

  it('takes three hundred', () => {
    const text = Array.from({ length: 300 }, (_, i) => `n${i}=127.0.0.1:${i + 1000}/auth-required`).join(' ');
    expect(read(text)).toHaveLength(300);
  });
});
