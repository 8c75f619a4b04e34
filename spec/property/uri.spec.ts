// Hosts in HTML as browsers see them: Node's URL is the oracle. And the time that hostile text takes.
import { domainToUnicode } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUri } from '../../src/uri/parse-uri.ts';
import { readUrl } from '../../src/uri/read-url.ts';
import { observe } from '../fakes/observe-message.ts';

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const message = (html: string): string => `Content-Type: text/html; charset=utf-8\r\n\r\n${latin1(html)}`;

/** The hosts of the URIs in the value of an attribute that has them. */
function hostsOf(value: string, quote: string): readonly (string | undefined)[] {
  return observe(message(`<a href=${quote}${value}${quote}>x</a>`)).uris.map((uri) => uri.host);
}

/** Node's host, or undefined when it sees none. */
function theirs(value: string): string | undefined {
  const text = /^[\0-\x20]*[/\\]/.test(value) ? `http:${value.replace(/^[\0-\x20]+/, '')}` : value;
  return readUrl(text)?.hostname;
}

/** Our form of it: without brackets, in UTF-8 and not punycode. */
function ours(host: string): string {
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  return /(?:^|\.)xn--/.test(bare) ? latin1(domainToUnicode(bare)) : bare;
}

/** ASCII in lower case, without the dot of the root. */
const plain = (host: string | undefined): string | undefined =>
  host?.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/\.$/, '');

/** Documented differences: hosts with empty labels are none, and the final dot stays as it is. */
const comparable = (host: string): boolean => !host.includes('..') && !/^\.+$/.test(host) && host !== '';

const piece = fc.constantFrom(
  ...[
    'a',
    'evil',
    'example',
    '.com',
    '.org',
    '.',
    '@',
    ':',
    '80',
    '0',
    '1',
    '0x7f',
    '017',
    '/',
    '\\',
    '?',
    '#',
  ],
  ...[
    '%2F',
    '%40',
    '%41',
    '%2e',
    '%',
    '\t',
    '\n',
    ' ',
    '-',
    '_',
    ',',
    ';',
    '!',
    '$',
    '(',
    ')',
    '*',
    '+',
    '=',
    '~',
    '`',
    '{',
    '}',
    '|',
    '^',
  ],
  ...[
    '<',
    '>',
    "'",
    '[',
    ']',
    '[::1]',
    'ü',
    'ｅ',
    'ⓔ',
    '𝐞',
    '。',
    '．',
    '\u00ad',
    '\u200b',
    'ß',
    '中',
    '&',
    'www.',
    '127.1',
    '::',
  ],
);
const start = fc.constantFrom(
  'http://',
  'https://',
  'HTTP://',
  'http:',
  'http:/',
  'http:\\\\',
  'https:///',
  'ht\ntp://',
  ' http://',
  '//',
  '\\\\',
  '/\\',
  'ftp://',
);

describe('hosts in attributes', () => {
  it('are those that browsers go to, for any URL that they read', () => {
    fc.assert(
      fc.property(
        start,
        fc.array(piece, { minLength: 1, maxLength: 9 }),
        fc.constantFrom('"', "'"),
        (scheme, pieces, quote) => {
          const value = `${scheme}${pieces.join('')}`;
          if (value.includes(quote) || value.includes('&')) return;
          const host = theirs(value);
          if (host === undefined || !comparable(host)) return;
          const found = hostsOf(value, quote).map(plain);
          // What follows a `>` is looked at as text as well: the quotation mark may be missing.
          expect(value.includes('>') ? found.slice(0, 1) : found).toEqual([plain(ours(host))]);
        },
      ),
      { numRuns: 20_000 },
    );
  });

  it('are the same in every dress', () => {
    const dress: readonly ((value: string) => string)[] = [
      (value) => `<a href=${value}>x</a>`,
      (value) => `<a title=x href = \n "${value}">`,
      (value) => `<img alt='x'src='${value}'>`,
      (value) => `<svg><a xlink:href="${value}">`,
      (value) => `<meta http-equiv=refresh content="0;url=${value}">`,
      (value) => `<meta content="5 ; URL = '${value}'" http-equiv="refresh">`,
      (value) => `<td style="background:url(${value})">`,
      (value) => `<td style='background:URL( "${value}" )'>`,
      (value) => `<style>a{b:url('${value}')}</style>`,
      (value) => `<img srcset="a.png 1x, ${value} 2x">`,
      (value) => `<img srcset="${value}, a.png 2x">`,
      (value) => `<a href="${references(value)}">`,
      (value) => `<a href=${references(value)}>`,
      (value) => `<a href="${broken(value)}">`,
      (value) => `<meta http-equiv=refresh content="0;url=${references(value)}">`,
    ];
    const text = fc.stringMatching(/^[a-z0-9.:@/%?#!$*+-]{1,24}$/);
    fc.assert(
      fc.property(
        fc.constantFrom('http://', 'https:/', '//', 'HTTP:\\\\'),
        text,
        fc.nat(dress.length - 1),
        (scheme, rest, which) => {
          const value = `${scheme}${rest}/`;
          const host = theirs(value);
          if (host === undefined || !comparable(host)) return;
          const css = which >= 6 && which <= 8;
          const wear = dress[which] ?? dress[0];
          const html = wear?.(css ? value.replaceAll('\\', '\\\\') : value) ?? '';
          // What looks like a URI within one is found too, and is not asked about here.
          const found = observe(message(html)).uris.filter(({ source }) => source !== 'nested');
          const hosts = found.map((uri) => plain(uri.host));
          expect(hosts, html).toContain(plain(ours(host)));
          expect(hosts.length, html).toBe(1);
        },
      ),
      { numRuns: 10_000 },
    );
  });

  it('are the same however the message is split', () => {
    const chunk = fc.constantFrom(
      ...[
        '<a href="',
        "<a href='",
        '<a href=',
        '">',
        "'>",
        '>',
        '"',
        "'",
        ' ',
        '\r\n',
        '=',
        'url(',
        ')',
        'content=',
        '0;url=',
      ],
      ...[
        'http://a.example.com',
        '//b.example.com/',
        'www.c.example.com',
        ' @d.example.com/',
        '&#9;',
        'srcset=',
        'src',
        'x',
        '<',
        '\\',
        ',',
        '</a>',
        '<b>',
        '</b>',
        '<!--',
        '-->',
        '<br>',
        'e[.]example.com',
        'hxxp://f.example.com',
        '?u=http://g.example.com',
        'data:text/html,',
        'mailto:a@h.example.com,b@i.example.com',
      ],
    );
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 30 }),
        fc.array(fc.nat(200), { maxLength: 8 }),
        (pieces, cuts) => {
          const text = Buffer.from(message(pieces.join('')), 'latin1');
          const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
          const split = at.slice(1).map((end, index) => text.subarray(at[index], end));
          expect(observe(split).uris).toEqual(observe(text).uris);
          // The same where everything is too long.
          expect(observe(split, { uriLength: 16 }).uris).toEqual(observe(text, { uriLength: 16 }).uris);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('stay where they are behind user information, blanks and line ends of any length', () => {
    for (const length of [2000, 2041, 3000, 8192, 16_000, 16_384, 16_385, 20_000, 100_000, 1_000_000])
      for (const [filler, places] of [
        ['u', ['"', '', 'text']],
        ['%41', ['"', 'text']],
        ['&#65;', ['"', '']],
        ['&shy;', ['"', '']],
        [' ', ['"']],
        ['@', ['"', '']],
        ['good.example.org@', ['"', '', 'text']],
        ['\t', ['"']],
        ['\n', ['"']],
        ['&Tab;', ['"']],
      ] as const)
        for (const quote of places) {
          const url = `http://${filler.repeat(Math.ceil(length / filler.length))}@evil.example.com/x?y`;
          const html = quote === 'text' ? `see ${url} there` : `<a href=${quote}${url}${quote} x>`;
          const { uris } = observe(message(html));
          expect(
            uris.map((uri) => uri.host),
            `${length} of ${JSON.stringify(filler)} in ${quote}`,
          ).toEqual(['evil.example.com']);
          expect(uris[0]?.uri_raw.length).toBeLessThanOrEqual(2048);
        }
  });

  it('stay where they are when line ends stand within them', () => {
    for (const length of [100, 5000, 20_000, 300_000]) {
      const gap = '\r\n\t'.repeat(length);
      expect(hostsOf(`http://evil.exa${gap}mple.com/`, '"')).toEqual(['evil.example.com']);
      expect(hostsOf(`${gap}ht${gap}tp:/${gap}/evil.example.com/`, '"')).toEqual(['evil.example.com']);
    }
  });

  it('of two URIs that are the same up to where they are cut are both there', () => {
    const user = 'u'.repeat(3000);
    const { uris } = observe(message(`http://${user}@a.example.com/ http://${user}@b.example.com/`));
    expect(uris.map((uri) => uri.host)).toEqual(['a.example.com', 'b.example.com']);
    for (const uri of uris) expect(parseUri(uri.uri_raw)?.host).toBe(uri.host);
  });
});

/** Every other character as a reference. */
function references(value: string): string {
  return [...value].map((char, i) => (i % 2 === 0 ? `&#${char.charCodeAt(0)};` : char)).join('');
}

/** Tabs and line ends in between, as such and as references. */
function broken(value: string): string {
  return [...value]
    .join('\t')
    .replaceAll('\t', () => ['\t', '&#9;', '\r\n', '&#x0A;', '&Tab;', '&NewLine;'][++turn % 6] ?? '');
}
let turn = 0;

describe('the time that text takes', () => {
  const size = 250_000;
  const filled = (unit: string): string => unit.repeat(Math.ceil(size / unit.length));
  it.each([
    ...[
      'http://',
      '://',
      'a.b,',
      'a@b.c,',
      '(',
      ')',
      '((',
      '))',
      "'",
      '"',
      '>',
      '<',
      '=',
      'href=',
      "href='",
      'href="',
      'href="x>',
      "href='x>",
    ],
    ...[
      'href=href=',
      'href= ',
      'url(',
      'url("',
      "url('",
      'url(x>',
      'content="',
      'content="0;url=',
      'srcset="',
      'srcset=a,',
      '&#',
      '&#9;',
      '&amp;',
      '&am',
    ],
    ...[
      'http://a.example.com,',
      'http://a@',
      'http://a:',
      'Word:',
      'ip:',
      'mailto:',
      'smtp://:',
      'xn--',
      'www.',
      '.com',
      '%2f',
      '%',
      '\\',
      '\\2f ',
    ],
    ...[
      '。',
      '．',
      'は',
      'はa.example.com',
      'ｅ',
      '𝐞',
      '­',
      '​',
      '_',
      '-',
      '.',
      ':',
      '::',
      '1.',
      '1:',
      '0x',
      '[',
      ']',
      '[::1]',
      '{',
      '}',
    ],
    ...[
      'url(href="',
      `href="'>href='">`,
      '\thref\t=\t',
      'http://a.b/?http://c.d/,',
      '1.2.3.4,',
      'a:b.c,',
      '@',
      ';',
      '!',
    ],
  ])('is linear for many of %j', (unit) => {
    for (const text of [
      filled(unit),
      filled(`${unit} `),
      `<a href="http://${filled(unit)}`,
      `http://${filled(unit)}`,
    ]) {
      const header = latin1(text).replace(/[\r\n]/g, '');
      for (const [name, run] of [
        ['html', () => observe(`Content-Type: text/html; charset=utf-8\r\n\r\n${latin1(text)}`)],
        ['plain', () => observe(`Content-Type: text/plain; charset=utf-8\r\n\r\n${latin1(text)}`)],
        ['header', () => observe(`Subject: ${header}\r\n\r\n`, { headerBytes: 2_000_000 })],
        ['uri.parse', () => parseUri(latin1(text))],
        ['attribute', () => parseUri(latin1(text), true)],
      ] as const) {
        const begin = performance.now();
        run();
        // A tenth of a second at most on an idle machine.
        expect(performance.now() - begin, `${name} ${text.slice(0, 40)}`).toBeLessThan(5000);
      }
    }
  });
});
