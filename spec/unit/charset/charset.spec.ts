// Charsets undone before text is searched: each with the octets of the same text, in any split.
import { describe, expect, test } from 'vitest';
import { createDecoding, decodeOctets } from '../../../src/charset/decoding.ts';
import { charsetOf } from '../../../src/charset/label.ts';
import { observe, rawUris } from '../../fakes/observe-message.ts';

const url = 'http://evil.example.com/x';
const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
const le = (text: string): Buffer => Buffer.from(text, 'utf16le');
const be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const utf32 = (text: string, little: boolean): Buffer => {
  const points = [...text].map((character) => character.codePointAt(0) ?? 0);
  const bytes = Buffer.alloc(points.length * 4);
  for (const [index, point] of points.entries()) {
    if (little) bytes.writeUInt32LE(point, index * 4);
    else bytes.writeUInt32BE(point, index * 4);
  }
  return bytes;
};
/** Code page 037, letters and the punctuation of URLs only. */
const ebcdic = (text: string): Buffer => {
  const decoding = createDecoding(charsetOf('cp037'));
  const table = decoding?.push(Buffer.from(Array.from({ length: 256 }, (_, octet) => octet))) ?? '';
  return Buffer.from([...text].map((character) => table.lastIndexOf(character)));
};

/** Charset, octets, and the text they are. */
const samples: readonly (readonly [charset: string, octets: Buffer, text: string])[] = [
  ['utf-16le', le(`Привет ${url} 日本語 😀`), `Привет ${url} 日本語 😀`],
  ['UTF-16BE', be(`Привет ${url} 日本語 😀`), `Привет ${url} 日本語 😀`],
  ['csUTF16LE', le(`Привет ${url}`), `Привет ${url}`],
  ['x-utf-16le', le(`Привет ${url}`), `Привет ${url}`],
  ['cp1200', le(`Привет ${url}`), `Привет ${url}`],
  ['windows-1201', be(`Привет ${url}`), `Привет ${url}`],
  ['ucs-2be', be(`Привет ${url}`), `Привет ${url}`],
  ['unicodelittle', le(`Привет ${url}`), `Привет ${url}`],
  ['cp12000', utf32(`Привет ${url}`, true), `Привет ${url}`],
  ['windows-65000', latin('http+ADo-//evil.example+AC4-com/x'), url],
  ['utf-16', be(`नमस्ते ${url}`), `नमस्ते ${url}`],
  ['utf-32', utf32(`Привет ${url} 😀`, false), `Привет ${url} 😀`],
  ['utf-32le', utf32(`Привет ${url} 😀`, true), `Привет ${url} 😀`],
  ['utf-7', latin('Hi +ADw-http+ADo-//evil.example+AC4-com/x+AD4- 1 +- 1 +2D3eAA-'), `Hi <${url}> 1 + 1 😀`],
  ['cp037', ebcdic(`see ${url} now`), `see ${url} now`],
  ['ibm1047', ebcdic(`see ${url} now`), `see ${url} now`],
  ['iso-2022-jp', latin(`\x1b$B>\\:Y$O\x1b(B ${url}\x1b$B!#\x1b(B`), `詳細は ${url}。`],
  ['iso-2022-jp', latin(`\x1b(I1\x1b(J ${url}`), `ｱ ${url}`],
  ['iso-2022-jp-2', latin(`\x1b$A0!\x1b(B ${url} \x1b$(C0!\x1b(B`), `亜 ${url} 亜`],
  ['iso-2022-kr', latin(`\x1b$)C\r\n\x0e0!\x0f ${url}`), `\r\n가 ${url}`],
  ['iso-2022-cn', latin(`\x1b$)A\x0e0!\x0f ${url}`), `啊 ${url}`],
  ['hz-gb-2312', latin(`~{0!~} ${url} ~~ a~\r\nb`), `啊 ${url} ~ ab`],
  ['shift_jis', latin(`\x8f\xda\x8d\xd7\x82\xcd ${url}\x81\x42`), `詳細は ${url}。`],
  ['cp932', latin(`\x83\\ ${url}`), `ソ ${url}`],
  ['euc-jp', latin(`\xbe\xdc\xba\xd9\xa4\xcf ${url}`), `詳細は ${url}`],
  ['euc-kr', latin(`\xb0\xa1 ${url}`), `가 ${url}`],
  ['gb2312', latin(`\xb0\xa1 ${url}`), `啊 ${url}`],
  ['gb18030', latin(`\xb0\xa1\x81\x30\x89\x37 ${url}`), `啊Þ ${url}`],
  ['big5', latin(`\xa4\xa4 ${url}`), `中 ${url}`],
  ['koi8-r', latin(`\xf0\xd2\xc9 ${url}`), `При ${url}`],
  ['windows-1251', latin(`\xcf\xf0\xe8 ${url}`), `При ${url}`],
  ['CP1251', latin(`\xcf\xf0\xe8 ${url}`), `При ${url}`],
  ['iso-8859-5', latin(`\xbf\xe0\xd8 ${url}`), `При ${url}`],
  ['iso-8859-1', latin(`caf\xe9 ${url}`), `café ${url}`],
];

describe.each(samples)('%s', (name, octets, text) => {
  test('is the text, whatever pieces it comes in', () => {
    for (const size of [octets.length, 1, 2, 3, 7]) {
      const decoding = createDecoding(charsetOf(name));
      let result = '';
      for (let at = 0; at < octets.length; at += size)
        result += decoding?.push(octets.subarray(at, at + size));
      expect(result + decoding?.end()).toBe(text);
    }
  });

  test('has its URI found, by transfer encoding and split', () => {
    const body = octets.toString('base64').replace(/.{40}/g, '$&\r\n');
    const message = latin(
      `Content-Type: text/plain; charset="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}\r\n`,
    );
    const whole = rawUris(message);
    expect(whole).toContain(url);
    for (const size of [1, 5, 64]) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < message.length; at += size) pieces.push(message.subarray(at, at + size));
      expect(observe(pieces).uris.map((uri) => uri.uri_raw)).toEqual(whole);
    }
  });
});

describe('more than one reading counts', () => {
  const found = (charset: string, body: Buffer): readonly string[] =>
    rawUris(
      latin(
        `Content-Type: text/plain; charset=${charset}\r\nContent-Transfer-Encoding: base64\r\n\r\n${body.toString('base64')}\r\n`,
      ),
    );

  test.each([
    ['UTF-16 without mark, either order', 'utf-16', le(`Привет ${url}`)],
    ['UTF-16 in the other order than declared', 'utf-16be', le(`Привет ${url}`)],
    ['a mark against the declaration', 'utf-16le', Buffer.concat([Buffer.from([0xfe, 0xff]), be(url)])],
    ['a mark where ASCII is declared', 'us-ascii', Buffer.concat([Buffer.from([0xff, 0xfe]), le(url)])],
    ['ASCII declared as UTF-16', 'utf-16', latin(`hello ${url}`)],
    ['ASCII declared as UTF-32', 'utf-32', latin(`hello ${url}`)],
    ['ASCII declared as EBCDIC', 'cp037', latin(`hello ${url}`)],
    ['UTF-8 declared as GBK, which swallows the h', 'gbk', Buffer.from(`你、${url}`)],
    ['UTF-8 declared as Shift_JIS', 'shift_jis', Buffer.from(`詳細は、${url}`)],
    ['Japanese that is not closed at the end of its line', 'iso-2022-jp', latin(`\x1b$B>\\\r\n${url}`)],
    ['a charset nobody knows', 'x-none', latin(`\xe9 ${url}`)],
  ])('%s', (_title, charset, body) => {
    expect(found(charset, body)).toContain(url);
  });

  test('names beyond ASCII come as UTF-8, whether declared so or not', () => {
    const host = Buffer.from('http://пример.рф/', 'utf8').toString('latin1');
    const koi8 = latin('http://\xd0\xd2\xc9\xcd\xc5\xd2.\xd2\xc6/');
    expect(found('koi8-r', koi8)).toEqual([host]);
    expect(found('koi8-r', Buffer.from('http://пример.рф/'))).toEqual([host]);
    expect(found('utf-8', Buffer.from('http://пример.рф/'))).toEqual([host]);
  });

  test('a run beyond ASCII of any length is one or the other', () => {
    const table = latin('\xd0'.repeat(3000));
    expect(found('koi8-r', Buffer.concat([table, latin(` ${url}`)]))).toContain(url);
    expect(found('koi8-r', Buffer.from(`${'я'.repeat(3000)} ${url}`))).toContain(url);
  });
});

test('undeclared octets are UTF-8 when they can be', () => {
  const none = charsetOf('');
  expect(decodeOctets(Buffer.from('é'), none)).toBe('é');
  expect(decodeOctets(latin('\xe9'), none)).toBe('é');
});

test('names of charsets are read as they are written', () => {
  expect(charsetOf(' "UTF-16LE" ')).toEqual({ kind: 'utf-16', order: 'le' });
  expect(charsetOf('ISO_8859-5')).toEqual({ kind: 'single', label: 'iso-8859-5' });
  expect(charsetOf('iso-8859-8-i').kind).toBe('single');
  expect(charsetOf('ks_c_5601-1987')).toEqual({ kind: 'multiple', label: 'euc-kr' });
  expect(charsetOf('windows1250')).toEqual({ kind: 'single', label: 'windows-1250' });
  expect(charsetOf('x'.repeat(100_000)).kind).toBe('octets');
});
