import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEnvid,
  decodeOrcpt,
  notifies,
  orcptInAscii,
  readEnvid,
  readNotify,
  readOrcpt,
  readRet,
} from '../../../../src/smtp/protocol/dsn.ts';
import { decodeXtext, encodeXtext, isXtext } from '../../../../src/smtp/protocol/xtext.ts';

describe('xtext', () => {
  it.each([
    ['', ''],
    ['abc', 'abc'],
    ['a+2Bb+3D', 'a+b='],
    ['+0D+0A', '\r\n'],
    ['+00+FF', '\0\xff'],
  ])('%j stands for %j', (text, octets) => {
    expect(isXtext(text)).toBe(true);
    expect(decodeXtext(text)).toBe(octets);
    expect(encodeXtext(octets)).toBe(text);
  });

  it('any octets come back, and what is written is printable', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const octets = Buffer.from(bytes).toString('latin1');
        const text = encodeXtext(octets);
        expect(text).toMatch(/^[!-~]*$/);
        expect(isXtext(text)).toBe(true);
        expect(decodeXtext(text)).toBe(octets);
      }),
    );
  });
});

describe('RET, ENVID and NOTIFY', () => {
  it.each([
    [readRet, 'FULL', 'FULL'],
    [readRet, 'full', 'FULL'],
    [readRet, 'hdrs', 'HDRS'],
    [readRet, 'x', undefined],
    [readRet, '', undefined],
    [readRet, undefined, undefined],
    [readRet, 'FULL,HDRS', undefined],
    [readEnvid, 'QQ314159', 'QQ314159'],
    [readEnvid, 'a+2Bb+3D', 'a+2Bb+3D'],
    [readEnvid, '+0d+0aX', '+0D+0AX'],
    [readEnvid, '+zz', undefined],
    [readEnvid, '+', undefined],
    [readEnvid, '+4', undefined],
    [readEnvid, 'a=b', undefined],
    [readEnvid, 'a\xfc', undefined],
    [readEnvid, '', undefined],
    [readEnvid, undefined, undefined],
    [readEnvid, 'x'.repeat(100), 'x'.repeat(100)],
    [readEnvid, '+41'.repeat(100), '+41'.repeat(100)],
    [readEnvid, 'x'.repeat(101), undefined],
    [readEnvid, '+41'.repeat(101), undefined],
    [readNotify, 'NEVER', 'NEVER'],
    [readNotify, 'never', 'NEVER'],
    [readNotify, 'success', 'SUCCESS'],
    [readNotify, 'SUCCESS,FAILURE', 'SUCCESS,FAILURE'],
    [readNotify, 'DELAY,SUCCESS,FAILURE', 'DELAY,SUCCESS,FAILURE'],
    [readNotify, 'NEVER,DELAY', undefined],
    [readNotify, 'DELAY,NEVER', undefined],
    [readNotify, 'NEVER,NEVER', undefined],
    [readNotify, 'SUCCESS,SUCCESS', undefined],
    [readNotify, 'SUCCESS,', undefined],
    [readNotify, ',SUCCESS', undefined],
    [readNotify, 'SUCCESS;FAILURE', undefined],
    [readNotify, 'ALWAYS', undefined],
    [readNotify, '', undefined],
    [readNotify, undefined, undefined],
  ])('%o of %j is %j', (read, text, value) => {
    expect(read(text)).toBe(value);
  });

  it('asks for a report by a word, never by NEVER', () => {
    expect(notifies('DELAY,SUCCESS', 'SUCCESS')).toBe(true);
    expect(notifies('FAILURE', 'SUCCESS')).toBe(false);
    expect(notifies('NEVER', 'SUCCESS')).toBe(false);
    expect(notifies(undefined, 'SUCCESS')).toBe(false);
    expect(decodeEnvid('a+2Bb+0D+0A')).toBe('a+b\r\n');
  });
});

const UE = '\xc3\xbc';

describe('ORCPT', () => {
  it.each([
    // what is sent, what goes on, what it says
    ['rfc822;Bob+40example.com', 'rfc822;Bob+40example.com', 'rfc822', 'Bob@example.com'],
    ['RFC822;b@example.com', 'RFC822;b@example.com', 'RFC822', 'b@example.com'],
    ['x400;+2fS+3da+0d+0a', 'x400;+2FS+3Da+0D+0A', 'x400', '/S=a\r\n'],
    ['rfc822;a;b', 'rfc822;a;b', 'rfc822', 'a;b'],
    ['utf-8;b\\x{FC}ro@example.com', 'utf-8;b\\x{FC}ro@example.com', 'utf-8', `b${UE}ro@example.com`],
    [
      'UTF-8;\\x{1F600}\\x{2B}\\x{3D}\\x{5C}',
      'UTF-8;\\x{1F600}\\x{2B}\\x{3D}\\x{5C}',
      'UTF-8',
      '\xf0\x9f\x98\x80+=\\',
    ],
    [`utf-8;b${UE}ro@example.com`, `utf-8;b${UE}ro@example.com`, 'utf-8', `b${UE}ro@example.com`],
    [`rfc822;${'x'.repeat(493)}`, `rfc822;${'x'.repeat(493)}`, 'rfc822', 'x'.repeat(493)],
  ])('%s', (text, value, type, address) => {
    expect(readOrcpt(text)).toBe(value);
    expect(decodeOrcpt(value)).toEqual({ type, address });
  });

  it.each([
    undefined,
    '',
    'rfc822',
    'rfc822;',
    ';a@b.c',
    'rf c;a',
    'r(c;a',
    'rfc822;+',
    'rfc822;+4',
    'rfc822;+zz',
    'rfc822;a=b',
    `rfc822;${UE}`,
    `rfc822;${'x'.repeat(494)}`,
    // What xtext has is not there in utf-8, and the other way round.
    'utf-8;a+2Bb',
    'utf-8;a=b',
    'utf-8;a\\b',
    'utf-8;\\x{}',
    'utf-8;\\x{1}',
    'utf-8;\\x{0D}',
    'utf-8;\\x{0A}',
    'utf-8;\\x{00}',
    'utf-8;\\x{41}',
    'utf-8;\\x{0FC}',
    'utf-8;\\x{D800}',
    'utf-8;\\x{DFFF}',
    'utf-8;\\x{110000}',
    'utf-8;\\x{FFFFFFF}',
    'utf-8;\\x{FC',
    'utf-8;\xc3\x28',
    'utf-8;\xc0\xae',
    'utf-8;\xed\xa0\x80',
    'utf-8;\xc2\x85',
  ])('%j is none', (text) => {
    expect(readOrcpt(text)).toBeUndefined();
  });

  it('is written in ASCII for who takes no other', () => {
    expect(orcptInAscii('rfc822;a+40b')).toBe('rfc822;a+40b');
    expect(orcptInAscii(`utf-8;b${UE}ro\\x{2B}@x`)).toBe('utf-8;b\\x{FC}ro\\x{2B}@x');
    const text = fc.string({ unit: fc.constantFrom('a', '@', '\\x{2B}', 'ü', '名', '😀'), minLength: 1 });
    fc.assert(
      fc.property(text, (address) => {
        const sent = readOrcpt(Buffer.from(`utf-8;${address}`).toString('latin1'));
        if (sent === undefined) return;
        const ascii = orcptInAscii(sent);
        expect(ascii).toMatch(/^[!-~]*$/);
        expect(decodeOrcpt(ascii)).toEqual(decodeOrcpt(sent));
      }),
    );
  });

  it('any text: what is taken is printable, or UTF-8, has no line end, and means the same when it is read again', () => {
    const text = fc.string({
      unit: fc.constantFrom(
        'rfc822;',
        'utf-8;',
        '+0D',
        '+0A',
        '\\x{',
        'FC',
        '}',
        '\r',
        '\n',
        ' ',
        '=',
        'a',
        '\xc3',
        '\xbc',
        '\0',
      ),
      maxLength: 8,
    });
    fc.assert(
      fc.property(text, (sent) => {
        const value = readOrcpt(sent);
        if (value === undefined) return;
        expect(value).toMatch(/^[!-<>-~\x80-\xff]+$/);
        expect(readOrcpt(value)).toBe(value);
      }),
      { numRuns: 3000 },
    );
  });
});
