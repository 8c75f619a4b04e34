// The fields of uri.found beyond those of uri.parse: names to look up, where a URI stands, what a link shows, what hides it, what stands in it.
import { describe, expect, test } from 'vitest';
import { defaultMimeLimits, type MimeLimits } from '../../../../src/message/mime/limits.ts';
import { observerTable } from '../../../../src/message/observer-table.ts';
import { MessageObservers } from '../../../../src/message/observers.ts';
import type { FoundUri } from '../../../../src/message/uri/found.ts';
import { parseUri } from '../../../../src/uri/parse-uri.ts';
import { FakeLiveTable } from '../../../fakes/live-table.ts';
import { observe } from '../../../fakes/observe-message.ts';

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const asHtml = (text: string): string => `Content-Type: text/html; charset=utf-8\r\n\r\n${latin1(text)}`;
const html = (text: string, limits: Partial<MimeLimits> = {}): readonly FoundUri[] =>
  observe(asHtml(text), limits).uris;
const plain = (text: string): readonly FoundUri[] =>
  observe(`Content-Type: text/plain; charset=utf-8\r\n\r\n${latin1(text)}`).uris;
const one = (list: readonly FoundUri[]): FoundUri => {
  const [first] = list;
  if (first === undefined) throw new Error('nothing was found');
  return first;
};

describe('address, ascii, domain', () => {
  test.each([
    ['http://www.Example.CO.UK/', undefined, 'www.example.co.uk', 'example.co.uk'],
    ['http://www.example.com./', undefined, 'www.example.com', 'example.com'],
    ['http://BÜCHER.example.com/', undefined, 'xn--bcher-kva.example.com', 'example.com'],
    ['http://例え。テスト.jp/', undefined, 'xn--r8jz45g.xn--zckzah.jp', 'xn--zckzah.jp'],
    ['http://пример.рф/', undefined, 'xn--e1afmkfd.xn--p1ai', 'xn--e1afmkfd.xn--p1ai'],
    ['http://a.someone.github.io/', undefined, 'a.someone.github.io', 'someone.github.io'],
    ['http://github.io/', undefined, 'github.io', 'github.io'],
    ['http://co.uk/', undefined, 'co.uk', undefined],
    ['http://intranet/', undefined, 'intranet', undefined],
    ['http://a.b.internal/', undefined, 'a.b.internal', undefined],
    ['http://192.0.2.1/', '192.0.2.1', undefined, undefined],
    ['http://3221225985/', '192.0.2.1', undefined, undefined],
    ['http://0300.0.0x2.1/', '192.0.2.1', undefined, undefined],
    ['http://192.0.513/', '192.0.2.1', undefined, undefined],
    ['http://①⑨②.0.2.1/', '192.0.2.1', undefined, undefined],
    ['http://[2001:DB8:0:0::1]/', '2001:db8::1', undefined, undefined],
    ['http://[::ffff:192.0.2.1]/', '192.0.2.1', undefined, undefined],
    ['http://[::ffff:c000:201]/', '192.0.2.1', undefined, undefined],
    ['mailto:joe@Mail.Example.com', undefined, 'mail.example.com', 'example.com'],
    // Numbers that are no address: nobody goes there.
    ['http://127.0.0.256/', undefined, undefined, undefined],
    ['http://1.2.3.4.5/', undefined, undefined, undefined],
    ['http://example.com.0x/', undefined, undefined, undefined],
    ['http://a.1e3/', undefined, 'a.1e3', undefined],
  ])('%s', (url, address, ascii, domain) => {
    expect(one(html(`<a href="${url}">`))).toMatchObject({ address, ascii, domain });
  });

  test('bare hosts and addresses have them too', () => {
    expect(
      plain('www.example.com joe@b.example.com 192.0.2.1 2001:DB8::1').map((uri) => uri.ascii ?? uri.address),
    ).toEqual(['www.example.com', 'b.example.com', '192.0.2.1', '2001:db8::1']);
  });
});

describe('source and count', () => {
  test.each([
    ['<a href="http://a.example.com/">', 'href'],
    ['<base href="http://a.example.com/">', 'href'],
    ['<form action="http://a.example.com/">', 'action'],
    ['<button formaction=http://a.example.com/>', 'action'],
    ['<meta http-equiv=refresh content="0;url=http://a.example.com/">', 'meta'],
    ['<img src="http://a.example.com/">', 'src'],
    ['<img srcset="http://a.example.com/ 2x">', 'src'],
    ['<td background="http://a.example.com/">', 'src'],
    ['<td style="background:url(http://a.example.com/)">', 'css'],
    ['<q cite="http://a.example.com/">', 'attribute'],
    ['<p>http://a.example.com/', 'text'],
    ['<p title="http://a.example.com/">', 'text'],
    ['<!-- http://a.example.com/ -->', 'text'],
  ])('%s', (text, source) => {
    expect(one(html(text))).toMatchObject({ uri_raw: 'http://a.example.com/', source, count: 1 });
  });

  test('a URI in several places is one, with the place that is followed first', () => {
    const link = 'http://a.example.com/';
    const text = `${link} <img src="${link}"> <a href="${link}">${link}</a> <a href='${link}'>${link}</a> ${link}`;
    expect(html(text)).toMatchObject([{ uri_raw: link, source: 'href', count: 7 }]);
  });

  test('in headers and in several parts', () => {
    const { uris } = observe(
      'Subject: http://a.example.com/\r\nX-A: http://b.example.com/\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n' +
        '--b\r\n\r\nhttp://a.example.com/ http://c.example.com/\r\n--b\r\n\r\nhttp://c.example.com/ http://c.example.com/\r\n--b--\r\n',
    );
    expect(uris.map((uri) => [uri.host, uri.mime_part, uri.source, uri.count])).toEqual([
      ['a.example.com', 0, 'text', 2],
      ['b.example.com', 0, 'header', 1],
      ['c.example.com', 2, 'text', 3],
    ]);
  });

  test('what two readings of the same octets find stands there once', () => {
    // Declared as UTF-16, but ASCII: read both ways.
    const { uris } = observe(
      'Content-Type: text/plain; charset=utf-16\r\n\r\nhttp://a.example.com/ http://a.example.com/',
    );
    expect(uris).toMatchObject([{ uri_raw: 'http://a.example.com/', count: 2 }]);
    const twice = observe(
      'Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nhttp://a.example.com/',
    );
    expect(twice.uris).toMatchObject([{ uri_raw: 'http://a.example.com/', count: 1 }]);
  });
});

describe('text', () => {
  const shown = (text: string) =>
    html(text)
      .filter((uri) => uri.source === 'href')
      .map((uri) => [uri.text, uri.text_host, uri.text_domain]);

  test.each([
    [
      '<a href="http://evil.test/">http://good.example.org/login</a>',
      'http://good.example.org/login',
      'good.example.org',
      'example.org',
    ],
    ['<a href=http://evil.test/>good.example.org</a>', 'good.example.org', 'good.example.org', 'example.org'],
    [
      '<a href="http://evil.test/">Go to <b>www.</b>good<!-- x -->.example.org now</a>',
      'Go to www.good.example.org now',
      'www.good.example.org',
      'example.org',
    ],
    ['<a href="http://evil.test/">\r\n  two\t words <p>more</p></a>', 'two words more', undefined, undefined],
    ['<a href="http://evil.test/">a &lt;b&gt; &amp; c</a>', 'a <b> & c', undefined, undefined],
    [
      '<a href="http://evil.test/">good&#46;example&#46;org</a>',
      'good.example.org',
      'good.example.org',
      'example.org',
    ],
    [
      '<a href="http://evil.test/">ｇｏｏｄ．example.org</a>',
      latin1('ｇｏｏｄ．example.org'),
      'good.example.org',
      'example.org',
    ],
    [
      '<a href="http://evil.test/">g\u200bood.example.org</a>',
      'good.example.org',
      'good.example.org',
      'example.org',
    ],
    ['<a href="http://evil.test/">192.0.2.1</a>', '192.0.2.1', '192.0.2.1', undefined],
    [
      '<a href="http://evil.test/">joe@good.example.org</a>',
      'joe@good.example.org',
      'good.example.org',
      'example.org',
    ],
    // The end of it is a domain of somebody else, but not what is shown.
    [
      '<a href="http://ood.test/">ｇood.example.org/x</a>',
      latin1('ｇood.example.org/x'),
      'good.example.org',
      'example.org',
    ],
    [
      '<a href="http://evil.test/">詳細はgood.example.org</a>',
      latin1('詳細はgood.example.org'),
      'good.example.org',
      'example.org',
    ],
    [
      `<a href="http://evil.test/">${' \r\n\t'.repeat(2000)}<br>${'<p> '.repeat(2000)}good.example.org</a>`,
      'good.example.org',
      'good.example.org',
      'example.org',
    ],
    ['<a href="http://evil.test/"><script>good.example.org</script>x</a>', 'x', undefined, undefined],
    ['<a href="http://evil.test/"><img src=x.png></a>', undefined, undefined, undefined],
    ['<a href="http://evil.test/">first <a href="http://b.test/">second</a>', 'first', undefined, undefined],
    [
      '<A title="a>b" HREF = "http://evil.test/" href="http://b.test/">Yes</A >no',
      'Yes',
      undefined,
      undefined,
    ],
    ['<a href="http://evil.test/">to the end', 'to the end', undefined, undefined],
    [`<a href="http://evil.test/">${'ü'.repeat(500)}</a>`, latin1('ü'.repeat(128)), undefined, undefined],
  ])('%s', (text, ...expected) => {
    expect(shown(text)[0]).toEqual(expected);
  });

  test('of several links the one that shows another domain counts, wherever it stands', () => {
    const links = ['here', 'www.evil.example.com', 'good.example.net'].map(
      (text) => `<a href="http://evil.example.com/">${text}</a>`,
    );
    for (const order of [links, [...links].reverse()])
      expect(one(html(order.join(' ')))).toMatchObject({
        text: 'good.example.net',
        text_domain: 'example.net',
        count: 3,
      });
    expect(one(html(links.slice(0, 2).join(' ')))).toMatchObject({ text: 'www.evil.example.com' });
    expect(
      one(html(`<a href="http://evil.example.com/">a</a><a href="http://evil.example.com/">b</a>`)).text,
    ).toBe('a');
  });

  const evil = '<a href="http://evil.test/">good.example.org</a>';
  const shownBy = (text: string): unknown => {
    const { truncated, uris } = observe(asHtml(text));
    return [uris.find((uri) => uri.host === 'evil.test')?.text_host, truncated];
  };

  test.each([
    [
      'a long value in front',
      `<a title="${'x'.repeat(50_000)}" href="http://evil.test/">good.example.org</a>`,
    ],
    ['a long value behind', `<a href='http://evil.test/' title='${'x'.repeat(50_000)}'>good.example.org</a>`],
    [
      'other links in a value',
      `<a title='${'x" href="http://b.test/" '.repeat(2000)}' href='http://evil.test/'>good.example.org</a>`,
    ],
    ['a value that is none', '<a data-href="http://b.test/"href = "http://evil.test/">good.example.org</a>'],
    ['the same link many times', `${'<a href="http://good.test/">good.test</a>'.repeat(4500)}${evil}`],
  ])('is not put out of sight by %s', (_what, text) => {
    expect(shownBy(text)).toEqual(['good.example.org', false]);
  });

  test.each([
    [
      'a value without quotes',
      `<a title=${'x'.repeat(50_000)} href="http://evil.test/">good.example.org</a>`,
    ],
    ['many attributes', `<a ${'x=y '.repeat(20_000)} href="http://evil.test/">good.example.org</a>`],
    [
      'many different links',
      Array.from({ length: 4500 }, (_, i) => `<a href="http://good.test/">${i}</a>`).join('') + evil,
    ],
  ])('is not without a word put out of sight by %s', (_what, text) => {
    expect(shownBy(text)).toEqual([undefined, true]);
  });

  test('many links, long texts and long tags end at a bound', () => {
    const many = Array.from(
      { length: 3000 },
      (_, i) => `<a href="http://h${i}.test/">${'x'.repeat(500)}</a>`,
    ).join('');
    const { uris } = observe(asHtml(many), { uris: 10_000 });
    expect(uris.length).toBe(3000);
    expect(uris[0]?.text?.length).toBe(256);
    expect(uris.at(-1)?.text).toBeUndefined();
  });
});

describe('obscured', () => {
  const reasons = (list: readonly FoundUri[]): string => Object.keys(one(list).obscured ?? {}).join(' ');
  test.each([
    ['http://www.example.com:80/x?a=1&amp;b=2#c', ''],
    ['http://bücher.example.com/', ''],
    ['http://пример.рф/', ''],
    ['http://例え.jp/', ''],
    ['http://яндекс.com/', ''],
    ['http://192.0.2.1/', ''],
    ['http://[2001:db8::1]/', ''],
    ['//www.example.com/', ''],
    ['http://www.example.com/%41?%42', ''],
    ['http://www.example.com/a@b', ''],
    ['http://www.example.com/\r\nx', ''],
    ['ftp://user@www.example.com/', 'user_info'],
    ['http://good.example.org@evil.example.com/', 'user_info'],
    ['http://127.1/', 'number'],
    ['http://0x7f000001/', 'number'],
    ['http://2130706433/', 'number'],
    ['http://0177.0.0.1/', 'number'],
    ['http://1.2.3.0x/', 'number'],
    ['http://127.0.0.1:80/', ''],
    ['http://127.0.0.1./', ''],
    ['http://ev%69l.example.com/', 'percent'],
    ['%68ttp://evil.example.com/', 'percent'],
    ['http://ｅｖｉｌ.example.com/', 'letters'],
    ['http://evil。example.com/', 'letters'],
    ['http://①27.0.0.1/', 'number letters'],
    ['http://\u0440aypal.example/', 'scripts'],
    ['http://\u0430\u0440\u0440\u04cf\u0435.com/', 'scripts'],
    ['http://xn--80ak6aa92e.com/', 'scripts'],
    ['http://g\u03bf\u03bfgle.com/', 'scripts'],
    ['http://ev\u00adil.example.com/', 'invisible'],
    ['http://ev\u200bil.example.com/', 'invisible'],
    ['ht&#116;p://evil.example.com/', 'references'],
    ['http://evil&period;example.com/', 'references'],
    ['http://evil.exa\nmple.com/', 'blanks'],
    ['ht\ttp://evil.example.com/', 'blanks'],
    ['http:\\\\evil.example.com/', 'slashes'],
    ['http:evil.example.com/', 'slashes'],
    ['http:///evil.example.com/', 'slashes'],
    ['/\\evil.example.com/', 'slashes'],
  ])('href %j: %s', (url, expected) => {
    expect(reasons(html(`<a href="${url}">`))).toBe(expected);
  });

  test.each([
    ['www.example.com', ''],
    ['joe@example.com', ''],
    ['192.0.2.1', ''],
    ['mailto:joe%40example.com', ''],
    ['👉\ufe0fhttp://www.example.com/', ''],
    ['http://www.example.com/x[1]', ''],
    ['hxxp://evil.example.com/', 'written_out'],
    ['evil[.]example[.]com', 'written_out'],
    ['http:evil.example.com', 'slashes'],
    ['http://exam\u200bple.com/', 'invisible'],
    ['http://evil．example．com/', 'letters'],
    ['http://user:x@evil.example.com/', 'user_info'],
  ])('text %j: %s', (text, expected) => {
    expect(reasons(plain(text))).toBe(expected);
  });

  test('tags within a host; each way that a URI is written in counts', () => {
    expect(html('http://evil.<b>exam</b>ple.com/').at(-1)?.obscured).toEqual({ tags: true });
    expect(
      one(
        html(
          '<a href="http://evil.example.com/"><a href="http://evil.exa&#109;ple.com/"><a href="http://ev\til.example.com/">',
        ),
      ).obscured,
    ).toEqual({ references: true, blanks: true });
  });
});

describe('nested', () => {
  test('keys of URIs that are listed behind the one that they stand in', () => {
    const { uris, keys } = observe(
      '\r\nhttp://a.example.com/?u=http://b.example.org/?u=http%3A%2F%2Fc.example.net%2F',
    );
    expect(uris.map((uri) => [uri.host, uri.source])).toEqual([
      ['a.example.com', 'text'],
      ['b.example.org', 'nested'],
      ['c.example.net', 'nested'],
    ]);
    expect(uris[0]?.nested).toEqual([keys[1], keys[2]]);
    expect(uris[1]?.nested).toEqual([keys[2]]);
    expect(uris[2]?.nested).toBeUndefined();
  });

  test('no deeper than four, no more than 32 of one', () => {
    const deep = Array.from({ length: 9 }, (_, i) => `http://h${i}.example.com/?u=`).join('');
    expect(plain(deep).length).toBe(5);
    const wide = `http://a.example.com/?${Array.from({ length: 100 }, (_, i) => `u=http://h${i}.example.com`).join('&')}`;
    expect(one(plain(wide)).nested?.length).toBe(32);
  });

  test('they count against the limit, and a key is only of what is listed', () => {
    const { uris, truncated } = observe(
      '\r\nhttp://a.example.com/?u=http://b.example.org/&v=http://c.example.org/',
      {
        uris: 2,
      },
    );
    expect(uris.map((uri) => uri.host)).toEqual(['a.example.com', 'b.example.org']);
    expect(uris[0]?.nested?.length).toBe(1);
    expect(truncated).toBe(true);
  });

  test('one that stands by itself as well is one', () => {
    expect(plain('http://a.example.com/?u=http://b.example.com/ http://b.example.com/')).toMatchObject([
      { host: 'a.example.com' },
      { host: 'b.example.com', source: 'text', count: 2 },
    ]);
  });
});

describe('uri.domains', () => {
  function domains(message: string, first: 'domains' | 'found' | 'together'): FakeLiveTable {
    const observers = new MessageObservers(observerTable, {
      limits: { ...defaultMimeLimits, uris: 6 },
      parseUri,
      log: undefined,
    });
    const found = new FakeLiveTable();
    const names = new FakeLiveTable();
    if (first === 'found') void observers.observe('uri.found', found, undefined);
    if (first === 'domains') void observers.observe('uri.domains', names, undefined);
    const octets = Buffer.from(message, 'latin1');
    const stored = { size: 0, pieces: [octets] } as unknown as Parameters<typeof observers.observe>[2];
    observers.feed(octets.subarray(0, 40));
    if (first !== 'domains')
      void observers.observe('uri.domains', names, {
        ...stored,
        size: 40,
        pieces: [octets.subarray(0, 40)],
      } as typeof stored);
    if (first !== 'found')
      void observers.observe('uri.found', found, {
        ...stored,
        size: 40,
        pieces: [octets.subarray(0, 40)],
      } as typeof stored);
    observers.feed(octets.subarray(40));
    observers.end();
    expect(found.sequence.length).toBe(new Set(found.sequence).size);
    expect(found.sequence.length).toBe(6);
    expect(found.fields.get('truncated')).toBe(true);
    return names;
  }
  const message =
    '\r\nhttp://a.example.com/ http://B.Example.com/ cid:x@example.org 192.0.2.1 joe@example.co.uk http://r.example.net/?u=http://late.example/ http://more.test/ http://more2.test/';

  test.each(['domains', 'found', 'together'] as const)(
    'each once, and the message is read once: %s first',
    (first) => {
      const names = domains(message, first);
      expect(names.sequence).toEqual(['example.com', 'example.co.uk', 'example.net']);
      expect(names.fields.get('truncated')).toBe(true);
    },
  );
});
