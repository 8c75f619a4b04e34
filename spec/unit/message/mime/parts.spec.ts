// Structure of messages as mime.parts shows it: what delimits parts, what belongs to them, and the ways to hide parts that must not work.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { RecordLog } from '../../../../src/bench/ports/record-log.ts';
import type { MimeLimits } from '../../../../src/message/mime/limits.ts';
import { defaultMimeLimits } from '../../../../src/message/mime/limits.ts';
import { MimeParser } from '../../../../src/message/mime/parts.ts';
import { observe, rawUris } from '../../../fakes/observe-message.ts';

const md5 = (text: string): string => createHash('md5').update(text, 'latin1').digest('hex');

/** [headers with empty line, body, decoded body if another] of each part. */
type Expected = readonly [string, string, string?];

function expectParts(message: string, expected: readonly Expected[], limits: Partial<MimeLimits> = {}): void {
  const { parts } = observe(message, limits);
  expect(
    parts.map((part) => [
      part.part_length - part.body_length,
      part.body_length,
      part.md5_encoded,
      part.md5_decoded,
    ]),
  ).toEqual(
    expected.map(([head, body, decoded = body]) => [head.length, body.length, md5(body), md5(decoded)]),
  );
}

const mixed = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';
const html = 'Content-Type: text/html\r\n\r\n';

describe('parts', () => {
  test('know their type, charset, boundary and where they stand', () => {
    const shown = (message: string): readonly unknown[] =>
      observe(message).parts.map(({ type, charset, boundary, parent }) => [type, charset, boundary, parent]);
    const digest = 'Content-Type: multipart/digest; boundary=d\r\n\r\n';
    const eml = Buffer.from(`${mixed}--b\r\n\r\nx\r\n--b--\r\n`).toString('base64');
    expect(
      shown(
        `${mixed}--b\r\n${digest}--d\r\n\r\nA: 1\r\n\r\nx\r\n--d--\r\n--b\r\nContent-Type: TEXT/Plain (odd); charset="UTF-8"\r\n\r\ny\r\n--b\r\nContent-Type: rubbish\r\n\r\nz\r\n--b\r\nContent-Type: a/b; name=m.eml\r\nContent-Transfer-Encoding: base64\r\n\r\n${eml}\r\n--b--\r\nend`,
      ),
    ).toEqual([
      ['multipart/mixed', undefined, 'b', undefined],
      ['multipart/digest', undefined, 'd', 1],
      ['message/rfc822', undefined, undefined, 2],
      ['text/plain', undefined, undefined, 3],
      ['text/plain', 'utf-8', undefined, 1],
      ['text/plain', undefined, undefined, 1],
      ['a/b', undefined, undefined, 1],
      ['multipart/mixed', undefined, 'b', 7],
      ['text/plain', undefined, undefined, 8],
      ['text/plain', undefined, undefined, 1],
    ]);
  });

  test('are the same whether or not somebody reads their text', () => {
    const eml = Buffer.from(`${mixed}--b\r\n\r\nx\r\n--b--\r\n`).toString('base64');
    const message = `${mixed}--b\r\nContent-Type: a/b; name=m.eml\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n\r\n${eml}\r\n--b--\r\n`;
    const alone: unknown[] = [];
    const sink = {
      part: (record: object) => alone.push(record),
      text: undefined,
      header: undefined,
      defect: undefined,
      limit() {},
    };
    const parser = new MimeParser(sink, defaultMimeLimits);
    parser.feed(Buffer.from(message));
    parser.end();
    expect(alone).toEqual(observe(message).parts);
    expect(alone).toHaveLength(4);
  });

  test('have lengths and digests of their own octets', () => {
    const { parts } = observe(
      `From: a@b.c\r\n${mixed}preamble\r\n--b\r\n${html}<p>\r\n--b\r\n\r\nplain\r\n--b--\r\nepilogue\r\n`,
    );
    expect(parts).toEqual([
      {
        md5_encoded: md5('preamble'),
        md5_decoded: md5('preamble'),
        part_length: `From: a@b.c\r\n${mixed}preamble`.length,
        body_length: 8,
        content_type: 'Content-Type: multipart/mixed; boundary=b',
        type: 'multipart/mixed',
        boundary: 'b',
      },
      {
        md5_encoded: md5('<p>'),
        md5_decoded: md5('<p>'),
        part_length: html.length + 3,
        body_length: 3,
        content_type: 'Content-Type: text/html',
        type: 'text/html',
        parent: 1,
      },
      {
        md5_encoded: md5('plain'),
        md5_decoded: md5('plain'),
        part_length: 7,
        body_length: 5,
        type: 'text/plain',
        parent: 1,
      },
      {
        md5_encoded: md5('epilogue\r\n'),
        md5_decoded: md5('epilogue\r\n'),
        part_length: 10,
        body_length: 10,
        type: 'text/plain',
        parent: 1,
      },
    ]);
  });

  test('the line end before a delimiter belongs to it, the last one of the message to the last part', () => {
    expectParts(`${mixed}--b\r\n\r\nx\r\n\r\n--b\r\n\r\ny\r\n`, [
      [mixed, ''],
      ['\r\n', 'x\r\n'],
      ['\r\n', 'y\r\n'],
    ]);
  });

  test('a message without body is one part, an empty one none', () => {
    expectParts('Subject: x\r\n', [['Subject: x\r\n', '']]);
    expectParts('Subject: x\r\n\r\n', [['Subject: x\r\n\r\n', '']]);
    expectParts('\r\n', [['\r\n', '']]);
    expectParts('', []);
  });

  test('the headers of the message end at the empty line, whatever stands in them', () => {
    expectParts('no header: here\r\nSubject: x\r\n', [['no header: here\r\nSubject: x\r\n', '']]);
    expectParts(' folded: x\r\nSubject: y\r\n\r\nz', [[' folded: x\r\nSubject: y\r\n\r\n', 'z']]);
    expectParts(`Subject: x\r\nno header\r\nContent-Type: text/html\r\n\r\n`, [
      ['Subject: x\r\nno header\r\nContent-Type: text/html\r\n\r\n', ''],
    ]);
  });

  test('the body of a part without empty line begins where it does not look like headers', () => {
    expectParts(
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nA: 1\r\nfree text\r\nB: 2\r\n--b\r\ntext\r\n--b--',
      [
        ['Content-Type: multipart/mixed; boundary=b\r\n\r\n', ''],
        ['A: 1\r\n', 'free text\r\nB: 2'],
        ['', 'text'],
      ],
    );
  });

  test('the line that begins a mailbox is a header', () => {
    expectParts(`From a@b.c Mon Jan  1\r\n${html}x\r\n`, [[`From a@b.c Mon Jan  1\r\n${html}`, 'x\r\n']]);
    expectParts(`>From a@b.c\r\n${html}x\r\n`, [[`>From a@b.c\r\n${html}`, 'x\r\n']]);
  });

  test('blanks before the colon of a header do not hide it', () => {
    const head = 'Content-Type \t: text/html\r\n\r\n';
    const { parts } = observe(`${head}x`);
    expect(parts[0]?.content_type).toBe('Content-Type \t: text/html');
    expect(parts[0]?.body_length).toBe(1);
  });

  test('headers are unfolded with one blank for each line end, and the last of a name counts', () => {
    const { parts } = observe(
      'content-type: text/plain;\r\n\t charset=utf-8\r\nContent-Transfer-Encoding:\r\n 8bit\r\nCONTENT-TYPE: text/html;\r\n a=b\r\n\r\n',
    );
    expect(parts[0]?.content_type).toBe('CONTENT-TYPE: text/html; a=b');
    expect(parts[0]?.content_transfer_encoding).toBe('Content-Transfer-Encoding: 8bit');
  });

  test('LF alone ends lines too, and a delimiter', () => {
    expectParts('Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n', [
      ['Content-Type: multipart/mixed; boundary=b\n\n', ''],
      ['\n', 'x'],
    ]);
  });

  test('a delimiter inside headers ends the part', () => {
    expectParts(`${mixed}--b\r\nContent-Type: text/html\r\n--b\r\n${html}x\r\n--b--\r\n`, [
      [mixed, ''],
      ['Content-Type: text/html', ''],
      [html, 'x'],
    ]);
  });

  test('the delimiter of an outer multipart ends inner ones that were not closed', () => {
    const inner = 'Content-Type: multipart/alternative; boundary=c\r\n\r\n';
    const innermost = 'Content-Type: multipart/related; boundary=d\r\n\r\n';
    expectParts(
      `${mixed}--b\r\n${inner}--c\r\n${innermost}--d\r\n\r\nx\r\n--b\r\n\r\ny\r\n--d\r\n--b--\r\n`,
      [
        [mixed, ''],
        [inner, ''],
        [innermost, ''],
        ['\r\n', 'x'],
        ['\r\n', 'y\r\n--d'],
      ],
    );
  });

  test('blank text behind a closing delimiter is no part; what looks like a further part is one', () => {
    expectParts(`${mixed}--b\r\n\r\nx\r\n--b--\r\n\r\n \t\r\n`, [
      [mixed, ''],
      ['\r\n', 'x'],
    ]);
    expectParts(`${mixed}--b\r\n\r\nx\r\n--b--\r\n\r\n--b\r\n${html}y\r\n`, [
      [mixed, ''],
      ['\r\n', 'x'],
      [html, 'y\r\n'],
    ]);
    expectParts(`${mixed}--b\r\n\r\nx\r\n--b--\r\n\r\n\r\nepilogue`, [
      [mixed, ''],
      ['\r\n', 'x'],
      ['', '\r\n\r\nepilogue'],
    ]);
  });

  test('a delimiter that ends the message without a line end counts', () => {
    expectParts(`${mixed}--b\r\n\r\nx\r\n--b--`, [
      [mixed, ''],
      ['\r\n', 'x'],
    ]);
    expectParts(`${mixed}--b\r\n\r\nx\r\n--b`, [
      [mixed, ''],
      ['\r\n', 'x'],
      ['', ''],
    ]);
  });
});

describe('messages inside messages', () => {
  const shell = 'Content-Type: message/rfc822; name=x.eml\r\n\r\n';
  const inner = 'Subject: inner\r\n\r\n';

  test('are the next part, whatever the disposition', () => {
    expectParts(`${mixed}--b\r\nContent-Disposition: attachment\r\n${shell}${inner}x\r\n--b--\r\n`, [
      [mixed, ''],
      [`Content-Disposition: attachment\r\n${shell}`, ''],
      [inner, 'x'],
    ]);
    expectParts(shell.replace('rfc822', 'global') + inner, [
      [shell.replace('rfc822', 'global'), ''],
      [inner, ''],
    ]);
  });

  test('in a digest are those parts that have no Content-Type', () => {
    const digest = 'Content-Type: multipart/digest; boundary=b\r\n\r\n';
    expectParts(`${digest}--b\r\n\r\n${inner}x\r\n--b\r\n${html}y\r\n--b--\r\n`, [
      [digest, ''],
      ['\r\n', ''],
      [inner, 'x'],
      [html, 'y'],
    ]);
  });

  for (const [encoding, encode] of [
    ['base64', (text: string) => Buffer.from(text, 'latin1').toString('base64')],
    ['quoted-printable', (text: string) => text.replaceAll('=', '=3D')],
  ] as const) {
    test(`are taken apart when they are ${encoding}, with their own multiparts`, () => {
      const nested = 'Content-Type: multipart/mixed; boundary=c\r\n\r\n';
      const hidden = `${nested}--c\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--c--\r\n`;
      const head = `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
      const body = encode(hidden);
      expectParts(`${mixed}--b\r\n${head}${body}\r\n--b\r\n${html}x\r\n--b--\r\n`, [
        [mixed, ''],
        [head, ''],
        ['', body, hidden],
        [nested, ''],
        ['Content-Transfer-Encoding: base64\r\n\r\n', 'aGVsbG8=', 'hello'],
        [html, 'x'],
      ]);
    });
  }
});

describe('delimiters cannot be hidden', () => {
  /** A message whose HTML part must be seen. */
  const seen = (head: string, boundary: string, delimiter = `--${boundary}`): void => {
    const { parts, uris } = observe(
      `${head}\r\n\r\n--${boundary}\r\n\r\nx\r\n${delimiter}\r\nContent-Type: text/html\r\n\r\n<a href="http://evil.example.com/">\r\n--${boundary}--\r\n`,
    );
    expect(parts.map((part) => part.content_type?.slice(0, 23))).toEqual([
      expect.anything(),
      undefined,
      'Content-Type: text/html',
    ]);
    expect(uris).toMatchObject([{ uri_raw: 'http://evil.example.com/', mime_part: 3 }]);
  };

  test('by blanks behind them', () => {
    seen('Content-Type: multipart/mixed; boundary=b', 'b', '--b \t');
    seen('Content-Type: multipart/mixed; boundary=b', 'b', `--b${' '.repeat(1000)}`);
  });

  for (const [what, value] of [
    ['comments', 'multipart/mixed (a comment); boundary=b (another)'],
    ['nested comments', 'multipart/(x (y\\) "z") )mixed;(;)boundary(=c)="b"(d)'],
    ['a comment that is not closed', 'multipart/mixed (; boundary=b'],
    ['a comment in front', '(x) multipart/mixed; boundary=b'],
    ['quotes', 'multipart/mixed; boundary="b"'],
    ['a missing closing quote', 'multipart/mixed; boundary="b'],
    ['escapes in quotes', 'multipart/mixed; boundary="\\b"'],
    ['apostrophes', "multipart/mixed; boundary='b'"],
    ['blanks around the equal sign', 'multipart/mixed; boundary = "b"'],
    ['capitals', 'MultiPart/MIXED; BOUNDARY=b'],
    ['a blank in the type', 'multipart / mixed; boundary=b'],
    ['a quoted type', '"multipart/mixed"; boundary=b'],
    ['a missing semicolon', 'multipart/mixed; charset=x boundary=b'],
    ['a missing first semicolon', 'multipart/mixed boundary=b'],
    ['two semicolons', 'multipart/mixed;; ;boundary=b;'],
    ['two boundaries, the second used', 'multipart/mixed; boundary=a; boundary=b'],
    ['two boundaries, the first used', 'multipart/mixed; boundary=b; boundary=a'],
    ['RFC 2231 encoding', "multipart/mixed; boundary*=us-ascii'en'%62"],
    ['RFC 2231 continuation', 'multipart/mixed; boundary*0=""; boundary*1="b"'],
    ['RFC 2231 continuation, encoded and out of order', "multipart/mixed; boundary*1=b; boundary*0*=utf-8''"],
    ['a folded header', 'multipart/mixed;\r\n\t boundary=b'],
    ['no boundary at all', 'multipart/mixed'],
  ] as const) {
    test(`by ${what}`, () => seen(`Content-Type: ${value}`, 'b'));
  }

  test('by blanks in the boundary', () => {
    seen('Content-Type: multipart/mixed; boundary="a b"', 'a b');
    seen('Content-Type: multipart/mixed; boundary=a b; charset=x', 'a b');
    seen('Content-Type: multipart/mixed; boundary="b "', 'b');
  });

  test('by a second Content-Type, in either order', () => {
    seen('Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b', 'b');
    seen('Content-Type: multipart/mixed; boundary=b\r\nContent-Type: text/plain', 'b');
    seen('Content-Type: multipart/mixed; boundary=b\r\nContent-Type: multipart/mixed; boundary=other', 'b');
  });

  test('by dashes in the boundary', () => {
    seen('Content-Type: multipart/mixed; boundary="--b--"', '--b--');
    seen('Content-Type: multipart/mixed; boundary="-"', '-');
  });

  test('but lines that only begin like one are text', () => {
    expectParts(`${mixed}--b\r\n\r\n--bx\r\n --b\r\nx--b\r\n--b-\r\n--b --\r\n--B\r\n--b--x\r\n--b--\r\n`, [
      [mixed, ''],
      ['\r\n', '--bx\r\n --b\r\nx--b\r\n--b-\r\n--b --\r\n--B\r\n--b--x'],
    ]);
  });

  test('and without multipart there are none', () => {
    expectParts('Content-Type: text/plain; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n', [
      ['Content-Type: text/plain; boundary=b\r\n\r\n', '--b\r\n\r\nx\r\n--b--\r\n'],
    ]);
  });
});

describe('limits make the rest opaque', () => {
  function limitsReached(message: string, limits: Partial<MimeLimits>): readonly string[] {
    const log = new RecordLog();
    observe(message, limits, log);
    return log.lines.map((line) => String(line.fields.limit));
  }

  test('depth: what is deeper is the body of its part, outer delimiters still count', () => {
    const inner = 'Content-Type: multipart/mixed; boundary=c\r\n\r\n';
    const message = `${mixed}--b\r\n${inner}--c\r\n\r\nx\r\n--c--\r\n--b\r\n\r\ny\r\n--b--\r\n`;
    expectParts(
      message,
      [
        [mixed, ''],
        [inner, '--c\r\n\r\nx\r\n--c--'],
        ['\r\n', 'y'],
      ],
      { depth: 1 },
    );
    expect(limitsReached(message, { depth: 1 })).toEqual(['depth']);
    expect(limitsReached(message, { depth: 2 })).toEqual([]);
  });

  test('depth counts embedded messages', () => {
    const shell = 'Content-Type: message/rfc822\r\n\r\n';
    expectParts(
      `${shell}${shell}${shell}x`,
      [
        [shell, ''],
        [shell, ''],
        [shell, 'x'],
      ],
      { depth: 2 },
    );
  });

  test('parts: all behind the last one belongs to it', () => {
    const message = `${mixed}${'--b\r\n\r\nx\r\n'.repeat(5)}--b--\r\n`;
    expectParts(
      message,
      [
        [mixed, ''],
        ['\r\n', 'x'],
        ['\r\n', 'x\r\n--b\r\n\r\nx\r\n--b\r\n\r\nx\r\n--b\r\n\r\nx\r\n--b--\r\n'],
      ],
      { parts: 3 },
    );
    expect(limitsReached(message, { parts: 3 })).toEqual(['parts']);
    expect(limitsReached(message, { parts: 6 })).toEqual([]);
  });

  test('header bytes: the rest of the headers is body', () => {
    const long = `X: ${'y'.repeat(100)}\r\n`;
    expectParts(`${html.slice(0, -2)}${long}\r\nx`, [[html.slice(0, -2), `${long}\r\nx`]], {
      headerBytes: 60,
    });
    expect(limitsReached(`${long}\r\n`, { headerBytes: 60 })).toEqual(['headerBytes']);
  });

  test('boundary length: the multipart is not taken apart', () => {
    const long = 'y'.repeat(80);
    const head = `Content-Type: multipart/mixed; boundary=${long}\r\n\r\n`;
    const message = `${head}--${long}\r\n\r\nx\r\n--${long}--\r\n`;
    expectParts(message, [[head, message.slice(head.length)]], { boundaryLength: 79 });
    expect(limitsReached(message, { boundaryLength: 79 })).toEqual(['boundaryLength']);
    expect(observe(message, { boundaryLength: 80 }).parts.length).toBe(2);
  });

  test('and text in it is still searched', () => {
    const message = `${mixed}--b\r\n\r\nx\r\n--b\r\n\r\nhttp://late.example.com/\r\n--b--\r\n`;
    expect(observe(message, { parts: 2 }).uris).toMatchObject([
      { uri_raw: 'http://late.example.com/', mime_part: 2 },
    ]);
  });
});

describe('nothing hides behind an odd line in the headers', () => {
  const attachment =
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nhi\r\n--b\r\nContent-Type: application/octet-stream; name=x.exe\r\n\r\nMZ\r\n--b--\r\n';

  test.each([
    'this is no header',
    'X Foo: 1',
    'X-\xe9: 1',
    'From me Mon',
    ': 1',
    '\xef\xbb\xbfX: 1',
    'X\0: 1',
    ' \t',
  ])('the attachment behind %j is a part', (line) => {
    const { parts } = observe(`From: a@x.example\r\nX-A: 1\r\n${line}\r\n${attachment}`);
    expect(parts).toHaveLength(3);
    expect(parts[2]?.content_type).toBe('Content-Type: application/octet-stream; name=x.exe');
  });

  test('also when the message begins with it', () => {
    for (const line of ['no header', ' folded', '\xef\xbb\xbfFrom: a', ': x'])
      expect(observe(`${line}\r\n${attachment}`).parts).toHaveLength(3);
  });

  test('nor in the headers of a part', () => {
    const { parts } = observe(
      `Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nX: 1\r\njunk\r\n${attachment}--a--\r\n`,
    );
    expect(parts[3]?.content_type).toContain('x.exe');
  });

  test('and the text behind it is searched as programs read it that see the body there', () => {
    expect(rawUris('From: a@x.example\r\njunk\r\nsee http://evil.example.com/x\r\n\r\nbody')).toContain(
      'http://evil.example.com/x',
    );
    const base64 = Buffer.from('see http://evil.example.com/x and more').toString('base64');
    expect(
      rawUris(
        `Content-Transfer-Encoding: base64\r\njunk!\r\n${base64.slice(0, 7)}\r\n\r\n${base64.slice(7)}\r\n`,
      ),
    ).toContain('http://evil.example.com/x');
    expect(
      rawUris(`Content-Transfer-Encoding: base64\r\n${base64.slice(0, 8)}\r\n\r\n${base64.slice(8)}\r\n`),
    ).toContain('http://evil.example.com/x');
  });
});

describe('Content-Transfer-Encoding is a token', () => {
  const text = 'http://evil.example.com/x';
  const base64 = Buffer.from(text).toString('base64');
  const quoted = 'http://evil.example=2Ecom/x';
  const body = (encoding: string, content: string): readonly string[] =>
    rawUris(`Content-Transfer-Encoding: ${encoding}\r\n\r\n${content}\r\n`);

  test.each([
    '7bit (no base64)',
    '7bit',
    '8BIT',
    'binary (quoted-printable)',
    'x-base64',
    'no-base64',
    '(base64)',
    '',
  ])('%s leaves the text as it is', (encoding) => {
    expect(body(encoding, text)).toContain(text);
    const [part] = observe(`Content-Transfer-Encoding: ${encoding}\r\n\r\n${text}`).parts;
    expect(part?.md5_decoded).toBe(part?.md5_encoded);
  });

  test.each([
    'base64',
    'BASE64 (c)',
    '(c)base64',
    '"base64"',
    'base64;',
    'base64; x=y',
    'x-base64',
    'base-64',
    '7bit (base64)',
  ])('%s may be base64', (encoding) => expect(body(encoding, base64)).toContain(text));

  test.each(['"base64"', 'base64;', 'base64 x', 'x-base64'])('%s may be none', (encoding) =>
    expect(body(encoding, text)).toContain(text),
  );

  test.each([
    'quoted-printable',
    'Quoted-Printable;',
    'quoted printable',
    'quotedprintable',
    'x-quoted-printable',
  ])('%s may be quoted-printable', (encoding) => expect(body(encoding, quoted)).toContain(text));
});

describe('bodies that are searched', () => {
  const url = 'http://evil.example.com/x';
  const part = (headers: string, body = `see ${url} now`): readonly string[] =>
    rawUris(`${headers}\r\n\r\n${body}\r\n`);

  test.each([
    'Content-Type: message/delivery-status',
    'Content-Type: message/disposition-notification',
    'Content-Type: message/partial; number=1; id=a',
    'Content-Type: message/external-body',
    'Content-Type: application/xml',
    'Content-Type: application/rss+xml',
    'Content-Type: application/json',
    'Content-Type: application/ld+json',
    'Content-Type: application/javascript',
    'Content-Type: application/rtf',
    'Content-Type: image/svg+xml',
    'Content-Type: application/octet-stream; name=x.svg',
    'Content-Type: application/octet-stream; name="=?utf-8?Q?x=2Ehtml?="',
    "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename*=utf-8''x%2Eics",
    'Content-Type: application/x-unknown; name=link.url',
    'Content-Type: application/octet-stream; name=x.txt',
  ])('%s', (headers) => {
    expect(part(headers)).toContain(url);
  });

  test.each(['image/png', 'application/octet-stream; name=x.bin', 'application/zip', 'video/mp4'])(
    'but not %s',
    (type) => {
      expect(part(`Content-Type: ${type}`)).toEqual([]);
    },
  );

  test.each(['x.eml', '=?utf-8?Q?x=2Eeml?=', 'x.EML.'])(
    'an attached message named %s, encoded or not, with its parts',
    (name) => {
      const inner = `Subject: s\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(`see ${url} now`).toString('base64')}\r\n--i\r\nContent-Disposition: attachment; filename=x.exe\r\n\r\nMZ\r\n--i--\r\n`;
      const encoded = Buffer.from(inner).toString('base64').replace(/.{76}/g, '$&\r\n');
      for (const [encoding, body] of [
        ['7bit', inner],
        ['base64', encoded],
      ] as const) {
        const message = `Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: application/octet-stream; name="${name}"\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n--o\r\n\r\nlast\r\n--o--\r\n`;
        const { parts, uris } = observe(message);
        expect(parts).toHaveLength(6);
        expect(parts[1]?.body_length).toBe(body.length);
        expect(parts[4]?.filename).toBe('x.exe');
        expect(parts[5]?.body_length).toBe(4);
        expect(uris.map((uri) => [uri.uri_raw, uri.mime_part])).toEqual([[url, 4]]);
      }
    },
  );
});
