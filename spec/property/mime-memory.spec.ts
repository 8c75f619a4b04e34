// What a message makes the MIME parser, the search for URIs and the header list hold: about its octets at most, in any form and any cutting.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { HeaderList } from '../../src/message/header/header-list.ts';
import { defaultMimeLimits } from '../../src/message/mime/limits.ts';
import { MimeParser } from '../../src/message/mime/parts.ts';
import { UriCollector } from '../../src/message/uri/collector.ts';
import { searchPage, uriReader } from '../../src/message/uri/text.ts';
import { parseUri } from '../../src/uri/parse-uri.ts';

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

function held(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const size = 1_000_000;
const fill = (unit: string): string => unit.repeat(Math.ceil(size / unit.length));
const mixed = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n';

/** Messages that end before the last piece of what they are about has come. */
const forms: Readonly<Record<string, string>> = {
  'a header without an end': `X: ${fill('y')}`,
  'a Content-Type without an end': `Content-Type: text/plain; ${fill('a=b; ')}`,
  'a Content-Type in folds': `Content-Type: text/plain;${fill('\r\n a=b;')}`,
  'a Content-Type in folds of nothing': `Content-Type: text/plain;${fill('\r\n ')}`,
  'many Content-Types': fill('Content-Type: a/b\r\n'),
  'many names': `Content-Disposition: a; ${fill('filename=x; ')}`,
  'many headers': fill('X:\r\n'),
  'many headers of a part': mixed + fill('C:\r\n'),
  'many lines that are none': fill('x\r\n'),
  'a line without an end': `${mixed}\r\n${fill('x')}`,
  'lines that begin like a delimiter': `${mixed}\r\n${fill('--\r\n')}`,
  'a delimiter without an end': `${mixed}\r\n--b${fill(' ')}`,
  'blanks behind the last delimiter': `${mixed}\r\n--b--\r\n${fill(' ')}`,
  'Base64 in tiny lines': `Content-Transfer-Encoding: base64\r\n\r\n${fill('QQ\r\n')}`,
  'a soft line break without an end': `Content-Transfer-Encoding: quoted-printable\r\n\r\n=${fill(' ')}`,
  'a URI without an end': `\r\nhttp://${fill('a')}`,
  'an attribute without an end': `Content-Type: text/html\r\n\r\n<a href="${fill('a')}`,
  'octets above ASCII without an end': `Content-Type: text/plain; charset=koi8-r\r\n\r\n${fill('\xd0')}`,
  'a shift without an end': `Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B${fill('!!')}`,
  'UTF-7 without an end': `Content-Type: text/plain; charset=utf-7\r\n\r\n+${fill('A')}`,
  'a body that may have begun': `junk\r\n${fill('x: y\r\n')}`,
};

describe.each(Object.entries(forms))('%s', (_title, text) => {
  const message = Buffer.from(text, 'latin1');

  test.each([
    ['in small pieces', 3],
    ['in large ones', 65_536],
  ])('%s', (_cutting, step) => {
    const parser = new MimeParser(
      {
        part: () => undefined,
        text: (part, facts) => uriReader(collector, part, facts),
        header: () => undefined,
        defect: undefined,
        limit: () => undefined,
      },
      { ...defaultMimeLimits, headerBytes: 2 * size },
    );
    const collector = new UriCollector(
      parseUri,
      defaultMimeLimits,
      { uri: () => undefined, limit: () => undefined },
      searchPage,
    );
    const before = held();
    for (let at = 0; at < message.length; at += step)
      parser.feed(Buffer.from(message.subarray(at, at + step)));
    const after = held();
    parser.end();
    expect(after - before).toBeLessThan(2.2 * message.length + 1_000_000);
  });
});

test('a header list of a header block that nobody has asked about is the block', () => {
  const block = Buffer.from(fill('X:\r\n'));
  const headers = new HeaderList();
  const before = held();
  headers.receiveBlock(Buffer.from(block));
  expect(held() - before).toBeLessThan(1.5 * block.length);
  expect(headers.edited).toBe(false);
});

test('a header list of tiny headers takes some 40 octets for each when a policy asks', () => {
  const count = 100_000;
  const headers = new HeaderList();
  const before = held();
  for (let i = 0; i < count; i++) headers.receive('X: 1');
  headers.find('X', 1);
  expect(headers.length).toBe(count);
  expect(held() - before).toBeLessThan(80 * count);
});
