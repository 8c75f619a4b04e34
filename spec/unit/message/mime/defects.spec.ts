// mime.defects and mime.limits: what a policy hears of mail that can be read in several ways, or that was not looked through.
import { describe, expect, test } from 'vitest';
import { type MimeDefect, mimeDefects } from '../../../../src/message/mime/defects.ts';
import { defaultMimeLimits, type MimeLimits } from '../../../../src/message/mime/limits.ts';
import { observerTable } from '../../../../src/message/observer-table.ts';
import { MessageObservers } from '../../../../src/message/observers.ts';
import { parseUri } from '../../../../src/uri/parse-uri.ts';
import { FakeLiveTable } from '../../../fakes/live-table.ts';
import { bytes, observe } from '../../../fakes/observe-message.ts';

const multipart = 'Content-Type: multipart/mixed; boundary=b\r\n';
const cases: readonly (readonly [MimeDefect, string])[] = [
  ['header_line', 'From: a\r\njunk\r\n\r\nx'],
  ['header_line', 'X Foo: 1\r\n\r\nx'],
  ['header_line', ' first\r\nA: 1\r\n\r\nx'],
  ['header_line', 'A: 1\r\n \r\n x\r\n\r\nx'],
  ['header_blank', 'From : a\r\n\r\nx'],
  ['header_8bit', 'Subject: \xe9\r\n\r\nx'],
  ['header_nul', 'Subject: \0\r\n\r\nx'],
  ['no_empty_line', 'Subject: x\r\n'],
  ['no_empty_line', `${multipart}--b\r\n\r\nx\r\n--b--\r\n`],
  ['several_content_types', 'Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx'],
  ['several_encodings', 'Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: 8bit\r\n\r\nx'],
  [
    'several_names',
    'Content-Type: a/b; name=a.txt\r\nContent-Disposition: attachment; filename=a.exe\r\n\r\nx',
  ],
  ['unknown_encoding', 'Content-Transfer-Encoding: x-uuencode\r\n\r\nx'],
  ['encoded_multipart', `${multipart}Content-Transfer-Encoding: base64\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n`],
  ['encoded_multipart', 'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTogMQ0K'],
  ['no_boundary', 'Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n'],
  ['unclosed_multipart', `${multipart}\r\n--b\r\n\r\nx\r\n`],
  [
    'unclosed_multipart',
    `${multipart}\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--b--\r\n`,
  ],
  ['unused_boundary', `${multipart}\r\nx\r\n`],
  [
    'unused_boundary',
    `${multipart}\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\nx\r\n--b--\r\n`,
  ],
  ['base64_foreign', 'Content-Transfer-Encoding: base64\r\n\r\nYW!J\r\n'],
  ['base64_behind_padding', 'Content-Transfer-Encoding: base64\r\n\r\nYQ==YWFh\r\n'],
  ['base64_behind_padding', 'Content-Transfer-Encoding: base64\r\n\r\nYQ==\r\nYWFh\r\n'],
  ['long_line', `\r\n${'x'.repeat(999)}\r\n`],
  ['text_after_parts', `${multipart}\r\n--b\r\n\r\nx\r\n--b--\r\nmore\r\n`],
];

describe('mime.defects', () => {
  test.each(cases)('%s', (name, message) => {
    expect(observe(message).defects).toContain(name);
    const pieces = [...bytes(message)].map((octet) => Buffer.from([octet]));
    expect(observe(pieces).defects).toEqual(observe(message).defects);
  });

  test('there is a case for each', () => {
    expect([...new Set(cases.map(([name]) => name))].sort()).toEqual(Object.keys(mimeDefects).sort());
  });

  test('ordinary mail has none', () => {
    const part =
      'Content-Type: text/plain; name="a.txt"\r\nContent-Transfer-Encoding: BASE64\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nYQ==\r\n';
    expect(
      observe(`From: a\r\n${multipart}\r\n\r\n--b\r\n${part}--b\r\n${part}--b--\r\n\r\n`).defects,
    ).toEqual([]);
    expect(observe('From: a\r\n\r\nx').defects).toEqual([]);
    expect(observe(`\r\n${'x'.repeat(998)}\r\n${'x'.repeat(998)}\r\n`).defects).toEqual([]);
  });
});

describe('mime.limits', () => {
  const nested = (depth: number): string =>
    depth === 0
      ? '\r\nx\r\n'
      : `Content-Type: multipart/mixed; boundary=b${depth}\r\n\r\n--b${depth}\r\n${nested(depth - 1)}\r\n--b${depth}--\r\n`;
  const cases: readonly (readonly [string, string, Partial<MimeLimits>])[] = [
    ['limit-mime-parts', `${multipart}\r\n${'--b\r\n\r\nx\r\n'.repeat(5)}--b--\r\n`, { parts: 3 }],
    ['limit-mime-depth', nested(4), { depth: 3 }],
    [
      'limit-mime-header-bytes',
      `${multipart}\r\n--b\r\nX: ${'y'.repeat(200)}\r\n\r\n--b--\r\n`,
      { headerBytes: 100 },
    ],
    [
      'limit-mime-boundary-length',
      `Content-Type: multipart/mixed; boundary=${'b'.repeat(60)}\r\n\r\nx`,
      { boundaryLength: 50 },
    ],
    ['limit-uris', '\r\nhttp://a.example.com/ http://b.example.com/ http://c.example.com/', { uris: 2 }],
  ];
  test.each(cases)('%s', (name, message, limits) => {
    expect(observe(message).limits).toEqual([]);
    expect(observe(message).truncated).toBe(false);
    const seen = observe(message, limits);
    expect(seen.limits).toEqual([name]);
    expect(seen.truncated).toBe(name === 'limit-uris');
  });

  test('shows what was reached before it was read, and what is reached later', () => {
    const message = bytes(`${multipart}\r\n${'--b\r\n\r\nx\r\n'.repeat(5)}--b--\r\n`);
    const stored = {
      path: '',
      size: message.length,
      pieces: [message],
      onDisk: async () => undefined,
      onDiskSync: () => undefined,
      async *read() {
        yield message;
      },
    };
    const observer = new MessageObservers(observerTable, {
      limits: { ...defaultMimeLimits, parts: 3 },
      parseUri,
      log: undefined,
    });
    observer.observe('mime.parts', new FakeLiveTable(), undefined);
    observer.feed(message);
    observer.end();
    const late = new FakeLiveTable();
    observer.observe('mime.limits', late, stored);
    expect([...late.fields.keys()]).toEqual(['limit-mime-parts']);
  });
});
