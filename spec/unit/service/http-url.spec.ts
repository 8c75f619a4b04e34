import { describe, expect, it } from 'vitest';
import { hostInText, readHttpUrl } from '../../../src/service/http-url.ts';

describe('readHttpUrl', () => {
  it.each([
    ['http://example.com', 'http://example.com', 'example.com', 80, '/'],
    [
      'HTTP://Example.COM:8080/a/../b?q=1&r=%20#frag',
      'http://example.com:8080',
      'example.com',
      8080,
      '/b?q=1&r=%20',
    ],
    ['https://example.com:443/', 'https://example.com', 'example.com', 443, '/'],
    ['http://[2001:db8::1]:81/x', 'http://[2001:db8::1]:81', '2001:db8::1', 81, '/x'],
    ['http://user:pass@example.com/', 'http://example.com', 'example.com', 80, '/'],
    ['www.example.com/path', 'http://www.example.com', 'www.example.com', 80, '/path'],
    // Other ways to write 127.0.0.1 are 127.0.0.1 before anybody looks at it.
    ['http://0x7f.1/', 'http://127.0.0.1', '127.0.0.1', 80, '/'],
    ['http://2130706433/', 'http://127.0.0.1', '127.0.0.1', 80, '/'],
    ['http://h.example/a b?c d', 'http://h.example', 'h.example', 80, '/a%20b?c%20d'],
    ['http://h.example/\xe4', 'http://h.example', 'h.example', 80, '/%E4'],
    ['http://h.example/\xc3\xa4', 'http://h.example', 'h.example', 80, '/%C3%A4'],
    ['http://b\xc3\xbccher.example/', 'http://xn--bcher-kva.example', 'xn--bcher-kva.example', 80, '/'],
    ['http://h.example/%0d%0aX:%20y', 'http://h.example', 'h.example', 80, '/%0d%0aX:%20y'],
  ])('%j', (text, origin, host, port, path) => {
    expect(readHttpUrl(text)).toMatchObject({ kind: 'url', origin, host, port, path });
  });

  it.each([
    ['', 'not a URL'],
    ['not a url', 'not a URL'],
    ['nodots', 'not a URL'],
    ['http://', 'not a URL'],
    ['http://a b/', 'not a URL'],
    ['http://h:99999/', 'not a URL'],
    ['http://h\xff/', 'not a URL'],
    ['mailto:x@example.com', '"mailto"'],
    ['ftp://h.example/', '"ftp"'],
    ['javascript:alert(1)', '"javascript"'],
    ['file:///etc/passwd', '"file"'],
    ['http://h.example/\r\nX: y', 'control characters'],
    ['http://h.example/\0', 'control characters'],
    ['http://h.exa\tmple/', 'control characters'],
    [`http://h.example/${'x'.repeat(70_000)}`, 'longer than'],
  ])('refuses %j', (text, cause) => {
    const outcome = readHttpUrl(text);
    expect(outcome.kind === 'invalid' ? outcome.error : outcome).toContain(cause);
  });
});

describe('hostInText', () => {
  it.each([
    ['http://user:secret@example.com:80/x', 'example.com'],
    ['http://[::1]:80/', '::1'],
    ['mailto:x@example.com', 'example.com'],
    ['not a url', 'not a url'],
    ['', ''],
  ])('%j', (text, host) => {
    expect(hostInText(text)).toBe(host);
  });
});
