import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUri } from '../../../src/uri/parse-uri.ts';
import { readUrl } from '../../../src/uri/read-url.ts';

function hostOf(text: string): string | undefined {
  return parseUri(text)?.host;
}

describe('parseUri: the host', () => {
  it.each([
    // An encoded delimiter never moves it.
    ['http://good.example.com%2F@evil.example.com/', 'evil.example.com'],
    ['http://good.example.com%40evil.example.com/', undefined],
    ['http://good.example.com%2Fevil.example.com/', undefined],
    ['http://user%40good.example.com@evil.example.com/', 'evil.example.com'],
    ['http://good.example.com%3A80@evil.example.com/', 'evil.example.com'],
    ['http://good.example.com%23@evil.example.com/', 'evil.example.com'],
    ['mailto:good%40example.com@evil.example.com', 'evil.example.com'],
    ['(http://good.example.com%2F@evil.example.com/', 'evil.example.com'],
    ['%68ttp://good.example.com%2F@evil.example.com/', 'evil.example.com'],
    // Backslashes, blanks and line ends as in browsers.
    ['http://good.example.com\\@evil.example.com/', 'good.example.com'],
    ['http:\\\\www.example.com\\x', 'www.example.com'],
    ['https:/\\www.example.com', 'www.example.com'],
    ['http:///www.example.com/', 'www.example.com'],
    ['http:////192.0.2.1/', '192.0.2.1'],
    ['http:///path/x', undefined],
    ['http://www.exam\r\n\tple.com/', 'www.example.com'],
    ['http://www.example.com/ ', 'www.example.com'],
    ['http://www.example.com\0/', undefined],
    ['http://www.example.com"x/', 'www.example.com"x'],
    // Ports.
    ['http://www.example.com:/x', 'www.example.com'],
    ['http://www.example.com:0/x', 'www.example.com'],
    ['http://www.example.com:x/', undefined],
    ['http://[::1]x/', undefined],
    ['http://[::1]:81', '::1'],
    // Addresses as numbers.
    ['http://0x7f.0.0.1', '127.0.0.1'],
    ['http://0300.0250.1.2', '192.168.1.2'],
    ['http://2130706433', '127.0.0.1'],
    ['http://1.2.3', '1.2.0.3'],
    ['http://1.2.3/', '1.2.0.3'],
    // IDN.
    ['http://foo.xn--p1ai', 'foo.xn--p1ai'],
    ['foo.xn--p1ai', 'foo.xn--p1ai'],
    ['http://b\xc3\xbccher.example/x', 'b\xc3\xbccher.example'],
    [Buffer.from('пример.рф/путь').toString('latin1'), Buffer.from('пример.рф').toString('latin1')],
    [Buffer.from('почта@пример.рф').toString('latin1'), Buffer.from('пример.рф').toString('latin1')],
    // Encoded as a whole.
    ['http%3A%2F%2Fwww.example.com:8080%2Fx', 'www.example.com'],
    ['http%3A%2F%2Fwww.example.com%2Fa%252Fb', 'www.example.com'],
    ['user%40example.com', 'example.com'],
    ['ex%61mple.com', 'example.com'],
    // Text around.
    ['www.example.com/a@b.c', 'www.example.com'],
    ['a@b@example.com', 'example.com'],
    ['"a@b c"@example.com', 'example.com'],
    ['1.2.3.4:80', undefined],
    ['1.2.3.4,', undefined],
    ['about:blank', undefined],
    ['file:////x/y', 'localhost'],
    ['file:///example.com/y', 'localhost'],
    ['file:////example.com/y', 'example.com'],
    ['file://///192.0.2.1', '192.0.2.1'],
    ['file:\\\\\\\\example.com\\y', 'example.com'],
    // Of addresses with quotes that have no beginning, the first that has one counts.
    ['\\"@example.com\\"@example.com"x"@example.org', 'example.org'],
  ])('of %j is %s', (text, host) => {
    expect(hostOf(text)).toBe(host);
  });
});

describe('parseUri: other parts', () => {
  it('splits user information at the last @ and keeps its +', () => {
    expect(parseUri('http://a+b:c%40d@www.example.com:8080/p+q?r+s#t+u')).toMatchObject({
      user_info: 'a+b:c@d',
      host: 'www.example.com',
      port: 8080,
      path: '/p q',
      query: 'r s',
      fragment: 't u',
    });
  });

  it('keeps blanks and escapes in a quoted local part', () => {
    expect(parseUri('"a@b \\" c"@example.com')).toMatchObject({
      user_info: '"a@b \\" c"',
      uri_decoded: '"a@b \\" c"@example.com',
    });
  });

  it('decodes an encoded URI once before it is taken apart', () => {
    expect(parseUri('http%3A%2F%2Fwww.example.com%2Fa%252Fb')).toMatchObject({
      scheme: 'http',
      path: '/a/b',
      uri_raw: 'http%3A%2F%2Fwww.example.com%2Fa%252Fb',
    });
  });

  it('has an empty query or fragment where there is a mark', () => {
    expect(parseUri('http://www.example.com/?#')).toMatchObject({ query: '', fragment: '' });
  });
});

describe('parseUri and browsers', () => {
  it('see the same host in http URIs whenever both see one', () => {
    const piece = fc.constantFrom(
      'a',
      'example',
      '.com',
      '.',
      '@',
      ':',
      '80',
      '/',
      '\\',
      '?',
      '#',
      '%2F',
      '%40',
      '%41',
      '\t',
      '-',
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 10 }), (pieces) => {
        const text = `http://${pieces.join('')}`;
        const ours = hostOf(text);
        const theirs = readUrl(text)?.hostname;
        if (ours !== undefined && theirs !== undefined && !/^\d/.test(theirs))
          expect(ours.toLowerCase().replace(/\.+$/, '')).toBe(theirs.replace(/\.+$/, ''));
      }),
      { numRuns: 5000 },
    );
  });
});
