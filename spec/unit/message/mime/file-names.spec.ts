// The names of a part: a rule "no .exe" goes by them, and every way to write a name that some program understands is one of them.
import { describe, expect, test } from 'vitest';
import { observe } from '../../../fakes/observe-message.ts';

interface Named {
  readonly filename: string | undefined;
  readonly filenames: readonly string[];
}

const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');

function names(headers: string): Named {
  const [part] = observe(`${headers}\r\n\r\nx`).parts;
  return {
    filename: part?.filename === undefined ? undefined : utf8(part.filename),
    filenames: (part?.filenames ?? []).map(utf8),
  };
}

const disposition = (parameters: string): Named => names(`Content-Disposition: attachment; ${parameters}`);
const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

/** Parameters of Content-Disposition that mean x.exe to some program. */
const evasions: readonly (readonly [string, string])[] = [
  ['a token', 'filename=x.exe'],
  ['quotes', 'filename="x.exe"'],
  ['upper case', 'FILENAME="X.EXE"'],
  ['blanks around the equal sign', 'filename = "x.exe"'],
  ['no semicolon before it', 'size=1 filename=x.exe'],
  ['an unquoted blank', 'filename=my x.exe'],
  ['no closing quote', 'filename="x.exe'],
  ['text behind the quotes', 'filename="x".exe'],
  ['blanks before that', 'filename="x" .exe'],
  ['several quoted pieces', 'filename="x"".exe"'],
  ['apostrophes', "filename='x.exe'"],
  ['escapes', 'filename="x\\.e\\xe"'],
  ['a quote in it', 'filename="x.txt\\".exe"'],
  ['a comment', 'filename=x.exe (x.txt)'],
  ['a comment before it', '(c) filename=x.exe'],
  ['a comment in it', 'filename=x.(c)exe'],
  ['a name for Content-Type', 'name="x.exe"'],
  ['folding', 'filename=\r\n "x.exe"'],
  ['folding in it', 'filename="my\r\n x.exe"'],
  ['RFC 2231', "filename*=utf-8''x.exe"],
  ['RFC 2231 with percent', "filename*=UTF-8'en'x%2Eexe"],
  ['RFC 2231 quoted', 'filename*="utf-8\'\'x%2eexe"'],
  ['RFC 2231 without charset', 'filename*=x%2eexe'],
  ['RFC 2231 without apostrophes, in pieces', 'filename*0*=x%2e; filename*1*=exe'],
  ['an unknown charset', "filename*=x-none''x%2eexe"],
  ['UTF-16 in RFC 2231', "filename*=utf-16be''%00x%00.%00e%00x%00e"],
  ['UTF-7 in RFC 2231', "filename*=utf-7''x+AC4-exe"],
  ['a broken percent', "filename*=utf-8''100%x.exe"],
  ['a percent in a plain name', 'filename="x%2Eexe"'],
  ['pieces', 'filename*0="x."; filename*1="exe"'],
  ['folding within its extension', 'filename="x.\r\n exe"'],
  ['a tab within its extension', 'filename="x.e\r\n\txe"'],
  ['a backslash within its extension', 'filename="x.e\\\\xe"'],
  ['the name of the parameter in quotes', '"filename"="x.exe"'],
  ['a colon for the equal sign', 'filename:"x.exe"'],
  ['two asterisks', "filename**=utf-8''x%2Eexe"],
  ['two asterisks behind a number', "filename*0**=utf-8''x%2Eexe"],
  ['blanks before the asterisk', "filename *=utf-8''x%2Eexe"],
  ['blanks around the number', 'filename *0 =x.exe'],
  ['an open comment before the equal sign', 'filename(=x.exe'],
  ['inside another value', 'foo="; filename=x.exe; bar="'],
  ['inside another value that has no end', 'foo="a; filename=x.exe'],
  ['inside another value behind an escape', 'foo="\\"; filename=x.exe; bar="'],
  ['a vertical tab before it', '\x0bfilename=x.exe'],
  ['a form feed before it', '\x0cfilename=x.exe'],
  ['NUL before it', '\0filename=x.exe'],
  ['NUL behind it', 'filename\0=x.exe'],
  ['a no-break space before it', '\xc2\xa0filename=x.exe'],
  ['a question mark at its end', 'filename="x.exe?"'],
  ['a bar at its end', 'filename="x.exe|"'],
  ['typographic quotes', 'filename=\xe2\x80\x9cx.exe\xe2\x80\x9d'],
  ['an encoded word with half an end', 'filename="=?utf-8?q?x=2Eexe?"'],
  ['an encoded word with a question mark in it', 'filename="=?utf-8?q?a?b=2Eexe?="'],
  ['an encoded word with a blank in its extension', 'filename="=?utf-8?q?x=2E exe?="'],
  ['many names inside other values behind it', `filename=x.exe${'; foo="; filename=a.txt"'.repeat(300)}`],
  ['pieces in another order', 'filename*1="exe"; filename*0="x."'],
  ['encoded pieces', "filename*0*=utf-8''x%2e; filename*1*=e%78e"],
  ['mixed pieces', "filename*0*=utf-8''x%2e; filename*1=exe"],
  ['a piece that is encoded and does not say so', "filename*0*=utf-8''x; filename*1=%2eexe"],
  ['pieces with one missing', 'filename*0="x.exe"; filename*2=".txt"'],
  ['the first piece missing', 'filename*1="x."; filename*2="exe"'],
  ['a piece there twice', 'filename*0="x."; filename*1="exe"; filename*1=".txt"'],
  [
    'ten pieces',
    `filename*0=x; filename*1=.; ${[...'eeeeeeee'].map((c, i) => `filename*${i + 2}=${c}`).join('; ')}; filename*10=.exe`,
  ],
  ['pieces beside the whole', 'filename="x.txt"; filename*0="x."; filename*1="exe"'],
  ['both forms that differ', 'filename="x.txt"; filename*=utf-8\'\'x.exe'],
  ['the same the other way round', 'filename="x.exe"; filename*=utf-8\'\'x.txt'],
  ['two of them', 'filename="x.txt"; filename="x.exe"'],
  ['two of them the other way round', 'filename="x.exe"; filename="x.txt"'],
  ['an encoded word', 'filename="=?utf-8?Q?x=2Eexe?="'],
  ['an encoded word in Base64', `filename="=?utf-8?B?${base64('x.exe')}?="`],
  ['an encoded word without quotes', `filename==?utf-8?B?${base64('x.exe')}?=`],
  ['encoded words', 'filename="=?utf-8?Q?x=2E?= =?utf-8?Q?exe?="'],
  ['encoded words without blank', 'filename="=?utf-8?Q?x=2E?==?utf-8?Q?exe?="'],
  ['an encoded word with blanks in it', 'filename="=?utf-8?Q?my x=2Eexe?="'],
  ['an encoded word without an end', `filename="=?utf-8?B?${base64('x.exe')}"`],
  ['an encoded word in a charset', `filename="=?utf-16be?B?${base64(utf16('x.exe'))}?="`],
  ['an encoded word with language', 'filename="=?utf-8*en?Q?x=2Eexe?="'],
  ['an encoded word in part', 'filename="x=?utf-8?Q?=2E?=exe"'],
  ['an encoded word in pieces', 'filename*0="=?utf-8?Q?x=2"; filename*1="Eexe?="'],
  ['an encoded word in RFC 2231', "filename*=utf-8''=?utf-8?Q?x=2Eexe?="],
  ['dots behind', 'filename="x.exe..."'],
  ['blanks behind', 'filename="x.exe  "'],
  ['both behind', 'filename="x.exe . ."'],
  ['wide blanks behind', 'filename="=?utf-8?Q?x.exe=E3=80=80=C2=A0?="'],
  ['NUL', 'filename="x.exe\0.txt"'],
  ['NUL in it', 'filename="x.e\0xe"'],
  ['an encoded NUL', "filename*=utf-8''x.exe%00.txt"],
  ['controls', 'filename="x.\x01e\x7fxe\x1f"'],
  ['line ends', "filename*=utf-8''x.exe%0d%0a"],
  ['right to left', 'filename="=?utf-8?Q?x=E2=80=AEtxt.exe?="'],
  ['zero width', 'filename="=?utf-8?Q?x.e=E2=80=8Bx=EF=BB=BFe?="'],
  ['soft hyphens', "filename*=utf-8''x.e%c2%adxe"],
  ['a path', 'filename="C:\\\\temp\\\\x.exe"'],
  ['a path with slashes', 'filename="../../x.exe"'],
  ['a slash behind', 'filename="x.exe/"'],
  ['a stream', 'filename="x.exe::$DATA"'],
  ['a stream of another file', 'filename="x.txt:x.exe"'],
  ['wide letters', `filename="=?utf-8?B?${base64('x．ｅｘｅ')}?="`],
  ['a name that is cut where the file system ends', `filename="${'y'.repeat(251)}.exe${'y'.repeat(60)}.txt"`],
  ['a name of a megabyte in escapes', `filename*=utf-8''${'%41'.repeat(100_000)}%2e%65xe`],
  [
    'a long name in UTF-16 and Base64',
    `filename="=?utf-16be?B?${base64(utf16(`${'y'.repeat(30_000)}x.exe`))}?="`,
  ],
  ['a very long name', `filename="${'y'.repeat(3000)}x.exe"`],
  [
    'many of them',
    `${Array.from({ length: 200 }, (_, i) => `filename=x${i}.txt`).join('; ')}; filename=x.exe`,
  ],
  [
    'many with it in between',
    `${Array.from({ length: 20 }, (_, i) => `filename=x${i}.txt`).join('; ')}; filename=x.exe; filename=y.txt`,
  ],
];

describe('no way to write x.exe hides it', () => {
  test.each(evasions)('%s', (_title, parameters) => {
    const { filename, filenames } = disposition(parameters);
    expect(filename?.toLowerCase()).toMatch(/x?\.exe$/);
    expect(filenames.some((name) => name.endsWith('.exe'))).toBe(true);
  });

  test.each(['rdp', 'diagcab', 'iqy', 'searchconnector-ms', '{3050f4d8-98b5-11cf-bb82-00aa00bdce0b}'])(
    'of several names the one that ends in .%s is shown',
    (extension) => {
      expect(disposition(`filename=a.txt; filename="b.${extension}"`).filename).toBe(`b.${extension}`);
    },
  );

  test.each(evasions)('%s, in Content-Type', (_title, parameters) => {
    const { filenames } = names(
      `Content-Type: application/octet-stream; ${parameters.replaceAll(/filename/gi, 'name')}`,
    );
    expect(filenames.some((name) => name.endsWith('.exe'))).toBe(true);
  });

  test.each([
    ['blanks before the colon', 'Content-Disposition : attachment; filename=x.exe'],
    ['a comment there', 'Content-Disposition (c): attachment; filename=x.exe'],
    ['behind a line that is none', 'junk\r\nContent-Disposition: attachment; filename=x.exe'],
    [
      'two headers',
      'Content-Disposition: attachment; filename=x.exe\r\nContent-Disposition: inline; filename=x.txt',
    ],
    [
      'two headers the other way round',
      'Content-Disposition: inline; filename=x.txt\r\nContent-Disposition: inline; filename=x.exe',
    ],
    [
      'many headers',
      `${'Content-Disposition: inline; filename=x.txt\r\n'.repeat(100)}Content-Disposition: inline; filename=x.exe`,
    ],
    ['Content-Type only', 'Content-Type: text/plain; name=x.exe'],
    [
      'another name in Content-Type',
      'Content-Type: text/plain; name=x.exe\r\nContent-Disposition: attachment; filename=x.txt',
    ],
    [
      'another name in Content-Disposition',
      'Content-Type: text/plain; name=x.txt\r\nContent-Disposition: attachment; filename=x.exe',
    ],
    ['no semicolon', 'Content-Disposition: attachment filename=x.exe'],
    ['no semicolon and another word', 'Content-Type: a/b; foo name=x.exe'],
    ['no type', 'Content-Disposition: filename=x.exe'],
    ['nothing but it', 'Content-Disposition: ; filename=x.exe'],
  ])('by its headers: %s', (_title, headers) => {
    expect(names(headers).filename).toBe('x.exe');
    expect(names(headers).filenames).toContain('x.exe');
  });
});

describe('a name is what a program shows', () => {
  test.each([
    ['filename="Rechnung 2024.pdf"', 'Rechnung 2024.pdf'],
    ["filename*=UTF-8''%E2%82%AC%20rates.pdf", '€ rates.pdf'],
    ["filename*=iso-8859-1'en'%A3%20rates.pdf", '£ rates.pdf'],
    ["filename=plain.pdf; filename*=UTF-8''%E2%82%AC.pdf", '€.pdf'],
    ['filename="=?iso-2022-jp?B?GyRCRnxLXBsoQi5wZGY=?="', '日本.pdf'],
    ['filename="=?utf-8?Q?=E6=97?= =?utf-8?Q?=A5=2Epdf?="', '日.pdf'],
    ['filename="caf\xe9.pdf"', 'café.pdf'],
    ['filename="caf\xc3\xa9.pdf"', 'café.pdf'],
    ['filename="a\\"b.pdf"', 'a"b.pdf'],
    ['filename=".htaccess"', '.htaccess'],
  ])('%s', (parameters, name) => {
    expect(disposition(parameters).filename).toBe(name);
  });

  test('ordinary headers give one name and no defect', () => {
    const message =
      'Content-Type: application/pdf; name="A b.PDF"\r\nContent-Disposition: attachment; filename="A b.PDF"\r\n\r\nx';
    expect(observe(message).parts[0]).toMatchObject({
      filename: 'A b.PDF',
      filenames: ['a b.pdf'],
      disposition: 'attachment',
    });
    expect(observe(message).defects).toEqual([]);
  });

  test('there is none without headers that say one', () => {
    expect(names('Content-Type: text/plain')).toEqual({ filename: undefined, filenames: [] });
    expect(disposition('filename=""').filename).toBeUndefined();
    expect(disposition('filename="..."').filename).toBeUndefined();
  });

  test('the disposition is its first word in lower case', () => {
    const of = (value: string): string | undefined =>
      observe(`Content-Disposition: ${value}\r\n\r\nx`).parts[0]?.disposition;
    expect(of('ATTACHMENT')).toBe('attachment');
    expect(of('"inline" (c); filename=a')).toBe('inline');
    expect(observe('\r\nx').parts[0]?.disposition).toBeUndefined();
  });
});

test('hostile headers take no more than linear time', () => {
  const big = 200_000;
  for (const parameters of [
    'filename*0=a;'.repeat(big / 13),
    'filename="'.repeat(big / 10),
    `filename="${'=?utf-8?Q?'.repeat(big / 10)}"`,
    `filename="${'=?utf-8?B?QQ==?='.repeat(big / 16)}"`,
    `filename=${'('.repeat(big)}`,
    `filename="${'\\'.repeat(big)}"`,
    `filename="${' '.repeat(big)}x"`,
    `filename="${'. '.repeat(big / 2)}x"`,
    Array.from({ length: big / 20 }, (_, i) => `filename=x${i}.txt`).join(';'),
    Array.from({ length: big / 20 }, (_, i) => `filename*${i % 999_999}*=%41`).join(';'),
  ]) {
    const began = process.cpuUsage();
    disposition(parameters);
    const used = process.cpuUsage(began);
    expect((used.user + used.system) / 1000).toBeLessThan(3000);
  }
});

describe('names of headers that programs read leniently', () => {
  test.each([
    'Content-Disposition\0',
    'Content-Disp\0osition',
    'Content-Disposition\x0b',
    '\x0bContent-Disposition',
    '\x7fContent-Disposition',
    'Content-Disposition\xc2\xa0',
    '\xc2\xa0Content-Disposition',
    '\xe2\x80\x8bContent-Disposition',
    'Content-Disposition\xef\xbb\xbf',
  ])('%j', (name) => {
    expect(names(`X: a\r\n${name}: attachment; filename=x.exe`).filename).toBe('x.exe');
    expect(names(`${name}: attachment; filename=x.exe`).filename).toBe('x.exe');
  });

  test('a blank in front of the first header of all', () => {
    expect(names('\tContent-Disposition: attachment; filename=x.exe').filename).toBe('x.exe');
    expect(names('X: a\r\n\tContent-Disposition: attachment; filename=x.exe').filename).toBeUndefined();
  });

  test('other values that only look similar', () => {
    expect(disposition('x-name=x.exe').filenames).toEqual([]);
    expect(disposition('filename="a b.txt"; size=3').filenames).toEqual(['a b.txt']);
    expect(disposition('filename="a. Doc"').filenames).toEqual(['a. doc']);
    expect(disposition('filename="a\\"b.txt"').filenames).toEqual(['a"b.txt']);
  });
});

describe('names in uuencoded text', () => {
  const uu = '#0V%T\r\n`\r\nend\r\n';
  const head = (more = ''): string => `Content-Type: text/plain${more}`;

  test.each([
    ['plain', head(), `see\r\nbegin 644 x.exe\r\n${uu}`],
    ['on the first line', head(), `begin 644 x.exe\r\n${uu}`],
    ['on the last line', head(), 'see\r\nbegin 644 x.exe'],
    ['without a type', 'X: a', `begin 0755 x.exe\r\n${uu}`],
    ['base64', head(), 'begin-base64 644 x.exe\r\neA==\r\n====\r\n'],
    [
      'in base64',
      head('\r\nContent-Transfer-Encoding: base64'),
      Buffer.from(`a\nbegin 644 x.exe\n${uu}`).toString('base64'),
    ],
    [
      'in quoted-printable',
      head('\r\nContent-Transfer-Encoding: quoted-printable'),
      'beg=\r\nin=20644 x=2Eexe\r\n',
    ],
    ['with a path and blanks', head(), `begin  644  C:\\x y\\x.exe  \r\n${uu}`],
    ['as one of many', head(), `begin 644 x.exe\r\n${'begin 644 a.txt\r\n'.repeat(100)}`],
    ['beside another name', head('; name=a.txt'), `begin 644 x.exe\r\n${uu}`],
  ])('%s', (_title, headers, body) => {
    const message = Buffer.from(`${headers}\r\n\r\n${body}`, 'latin1');
    for (const size of [message.length, 1, 3, 50]) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < message.length; at += size) pieces.push(message.subarray(at, at + size));
      const [part] = observe(pieces).parts;
      expect(part?.filename).toBe('x.exe');
      expect(part?.filenames).toContain('x.exe');
    }
  });

  test.each([
    ['not at the beginning of a line', ' begin 644 x.exe\r\n'],
    ['without mode', 'begin x.exe\r\n'],
    ['with more than a mode', 'begin 64400 x.exe\r\n'],
    ['prose', 'begin the day\r\nbegin\r\nbeginning 644 x.exe\r\n'],
  ])('none: %s', (_title, body) => {
    expect(names(`${head()}\r\n\r\n${body}`).filenames).toEqual([]);
  });
});
