// What counts as a URI in the text of a message, and the ways to hide one that must not work.
import { describe, expect, test } from 'vitest';
import { RecordLog } from '../../../../src/bench/ports/record-log.ts';
import { observe, rawUris } from '../../../fakes/observe-message.ts';

const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const plain = (text: string): readonly string[] => rawUris(`\r\n${utf8(text)}`);
const html = (text: string): readonly string[] => rawUris(`Content-Type: text/html\r\n\r\n${utf8(text)}`);
const hosts = (text: string): readonly unknown[] =>
  observe(`Content-Type: text/html\r\n\r\n${utf8(text)}`).uris.map((uri) => uri.host);

describe('in text', () => {
  test('URIs, hosts, mail addresses and IP addresses are found', () => {
    expect(
      plain('See http://a.example.com/x, www.example.org or joe@example.net; 192.0.2.1 and 2001:db8::1.\r\n'),
    ).toEqual(['http://a.example.com/x', 'www.example.org', 'joe@example.net', '192.0.2.1', '2001:db8::1']);
  });

  test('words, times, numbers and headers are none', () => {
    expect(
      plain(
        'End. e.g. i.e. etc... 3.14 1.2.3 12:30 12:30:59 Subject: Re: note:this C:\\x a@b @example .com x..y ...\r\n',
      ),
    ).toEqual([]);
  });

  test('each is listed once, with the part it was first seen in', () => {
    const { uris, keys } = observe(
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhttp://a.example.com/ http://a.example.com/\r\n--b\r\n\r\nhttp://b.example.com/ http://a.example.com/ http://a.example.com/.\r\n--b--\r\n',
    );
    expect(uris.map((uri) => [uri.mime_part, uri.uri_raw])).toEqual([
      [2, 'http://a.example.com/'],
      [3, 'http://b.example.com/'],
    ]);
    expect(keys[0]).toMatch(/^[\da-f]{32}$/);
  });

  test('brackets, apostrophes, names and underlines around them are dropped', () => {
    expect(
      plain(
        "(http://a.example.com/) 'http://b.example.com/' x=http://c.example.com/ __http://d.example.com/_ <http://e.example.com/>\r\n",
      ),
    ).toEqual([
      'http://a.example.com/',
      'http://b.example.com/',
      'http://c.example.com/',
      'http://d.example.com/',
      'http://e.example.com/',
    ]);
  });

  test('it does not matter where text ends', () => {
    expect(plain('http://a.example.com/')).toEqual(['http://a.example.com/']);
    expect(plain('x\0http://a.example.com/\0y')).toEqual(['http://a.example.com/']);
  });
});

describe('they cannot be hidden', () => {
  test('by character references', () => {
    expect(html('<a href="&#104;ttp&colon;&sol;&#x2f;ev&#0000105;l&period;example&#46;com/">')).toEqual([
      'http://evil.example.com/',
    ]);
    expect(html('http&#58//a&#46example&#x2e;com/ &#110&#111')).toEqual(['http://a.example.com/']);
    expect(html('http://b.example.com/?x=1&amp;y=2&nbsp;http://c.example.com/')).toEqual([
      'http://b.example.com/?x=1&y=2',
      'http://c.example.com/',
    ]);
    expect(html('&lt;http://d.example.com/&gt;&quot;http://e.example.com/&quot;')).toEqual([
      'http://d.example.com/',
      'http://e.example.com/',
    ]);
  });

  test('references that are none stay', () => {
    expect(html('http://a.example.com/?a=1&b=2&unknown;&#xd800;&#99999999; ')).toEqual([
      'http://a.example.com/?a=1&b=2&unknown;&#xd800;&#99999999',
    ]);
    expect(plain('http://a.example.com/?a&#46b&amp')).toEqual(['http://a.example.com/?a&#46b&amp']);
  });

  test('by invisible characters', () => {
    expect(plain('http://e\u00advi\u200bl.exa\u2060mple.c\ufeffom/')).toEqual(['http://evil.example.com/']);
    expect(html('http://e&shy;vil.ex&#8203;ample&zwnj;.com/')).toEqual(['http://evil.example.com/']);
    // Soft hyphen in ISO 8859-1.
    expect(rawUris('\r\nhttp://e\xadvil.example.com/\xa0x')).toEqual(['http://evil.example.com/']);
  });

  test('by blanks, quotes and full stops beyond ASCII', () => {
    expect(
      plain('\u00a0http://a.example.com/\u3000\u201chttp://b.example.com/\u201d（http://c.example.com/）'),
    ).toEqual(['http://a.example.com/', 'http://b.example.com/', 'http://c.example.com/']);
    expect(plain('请访问http://example.com，谢谢')).toHaveLength(1);
    expect(hosts('请访问 http://example.com，谢谢')).toEqual(['example.com']);
    expect(plain('http://evil。example．com/ 见 http://b.example.com/。')).toEqual([
      'http://evil.example.com/',
      'http://b.example.com/',
    ]);
    expect(
      rawUris('Content-Type: text/plain; charset=big5\r\n\r\nhttp://evil\xa1\x43example\xa1\x4fcom/'),
    ).toEqual(['http://evil.example.com/']);
  });

  test('by line ends and tabs in the attributes of HTML', () => {
    expect(html('<a href="http://ev\r\nil.exam\tple.com/">')).toEqual(['http://evil.example.com/']);
    expect(html("<img src = ' \r\nhttp://ev\r\nil.example.com/'>")).toEqual(['http://evil.example.com/']);
    expect(html('<p title="see\r\nwww.example.com\r\nnow">')).toEqual(['www.example.com']);
    // A quote that is never closed ends with the tag.
    expect(html('<a href="http://a.example.com/>x</a>\r\nwww.b.example.com\r\nx')).toEqual([
      'http://a.example.com/',
      'www.b.example.com',
    ]);
  });

  test('by what browsers take for a URL all the same', () => {
    expect(
      hosts(
        '<a href="//a.example.com/x"> <a href="http:\\\\b.example.com\\x"> <a href=\'https:c.example.com\'>',
      ),
    ).toEqual(['a.example.com', 'b.example.com', 'c.example.com']);
    expect(html('<a href="//a.example.com/x">')).toEqual(['//a.example.com/x']);
    expect(plain('//a.example.com/x')).toEqual([]);
  });

  test('by encodings', () => {
    const b64 = (text: Buffer | string): string =>
      Buffer.from(text)
        .toString('base64')
        .replace(/(.{10})/g, '$1\r\n');
    expect(rawUris(`Content-Transfer-Encoding: base64\r\n\r\n${b64('x http://a.example.com/ y')}`)).toEqual([
      'http://a.example.com/',
    ]);
    expect(
      rawUris(`Content-Transfer-Encoding: base64\r\n\r\nZg==\r\n${b64(' http://a.example.com/ y')}`),
    ).toEqual(['http://a.example.com/']);
    expect(
      rawUris('Content-Transfer-Encoding: quoted-printable\r\n\r\nhttp://a.ex=\r\nample= \r\n=2Ecom/?a=3Db'),
    ).toEqual(['http://a.example.com/?a=b']);
    const utf16 = Buffer.from('see http://a.example.com/', 'utf16le');
    for (const [head, text] of [
      ['text/plain; charset=utf-16', Buffer.concat([Buffer.from([255, 254]), utf16])],
      ['text/plain', Buffer.concat([Buffer.from([254, 255]), Buffer.from(utf16).swap16()])],
      ['text/plain; charset=UTF-16LE', utf16],
      ['text/plain; charset=utf-16be', Buffer.from(utf16).swap16()],
    ] as const) {
      expect(
        rawUris(`Content-Type: ${head}\r\nContent-Transfer-Encoding: base64\r\n\r\n${b64(text)}`),
        head,
      ).toEqual(['http://a.example.com/']);
    }
  });

  test('by two Content-Transfer-Encoding headers that say different things', () => {
    const two = (first: string, second: string): string =>
      `Content-Transfer-Encoding: ${first}\r\nContent-Transfer-Encoding: ${second}\r\n\r\n`;
    const body = 'http://a.ex=\r\nample.com/ \r\n';
    expect(rawUris(two('quoted-printable', '7bit') + body)).toContain('http://a.example.com/');
    expect(rawUris(two('7bit', 'quoted-printable') + body)).toContain('http://a.example.com/');
    expect(
      rawUris(`${two('base64', '8bit')}${Buffer.from('http://a.example.com/').toString('base64')}`),
    ).toContain('http://a.example.com/');
  });

  test('by the line breaks of flowed text', () => {
    const flowed = 'Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n';
    expect(
      rawUris(`${flowed}http://a.example.com/long \r\nname \r\n.html\r\nhttp://b.example.com/ x`),
    ).toEqual(['http://a.example.com/longname.html', 'http://b.example.com/']);
    expect(
      rawUris('Content-Type: text/plain; format=flowed\r\n\r\nhttp://a.example.com/long \r\nname'),
    ).toEqual(['http://a.example.com/long']);
  });
});

describe('parts that are searched', () => {
  for (const [head, searched] of [
    ['', true],
    ['Content-Type: text/plain', true],
    ['Content-Type: TEXT/X-UNKNOWN', true],
    ['Content-Type: nonsense', true],
    ['Content-Type: application/xhtml+xml', true],
    ['Content-Type: application/octet-stream; name=a.txt', true],
    ["Content-Type: application/octet-stream; name*=utf-8''a%2ehtml", true],
    ['Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="page.HTM"', true],
    ['Content-Type: application/octet-stream', false],
    ['Content-Type: image/png', false],
  ] as const) {
    test(`${searched ? '' : 'not '}${head.replace(/\r\n/g, ', ') || 'without Content-Type'}`, () => {
      const { uris } = observe(
        `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${head}${head && '\r\n'}\r\nhttp://a.example.com/\r\n--b--\r\n`,
      );
      expect(uris.map((uri) => uri.mime_part)).toEqual(searched ? [2] : []);
    });
  }

  test('preamble, epilogue and embedded messages', () => {
    const { uris } = observe(
      'Content-Type: multipart/mixed; boundary=b\r\n\r\nhttp://pre.example.com/\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nhttp://in.example.com/\r\n--b--\r\nhttp://epi.example.com/',
    );
    expect(uris.map((uri) => [uri.mime_part, uri.uri_raw])).toEqual([
      [1, 'http://pre.example.com/'],
      [3, 'http://in.example.com/'],
      [4, 'http://epi.example.com/'],
    ]);
  });
});

describe('in headers', () => {
  const inHeaders = (headers: string): readonly string[] =>
    observe(`${headers}\r\n\r\nhttp://body.example.com/`)
      .uris.filter((uri) => uri.mime_part === 0)
      .map((uri) => uri.uri_raw);

  test('what is written as a URI is found in all of them', () => {
    expect(
      inHeaders(
        'List-Unsubscribe: <https://u.example.com/x?y=z>,\r\n <mailto:u@example.com?subject=off>\r\nX-Any: see http://x.example.com/',
      ),
    ).toEqual(['https://u.example.com/x?y=z', 'mailto:u@example.com?subject=off', 'http://x.example.com/']);
  });

  test('hosts and addresses only in those that people read', () => {
    expect(
      inHeaders(
        'Received: from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.org; Mon, 1 Jan 2024 10:00:00\r\nFrom: www.example.com <joe@example.com>\r\nMessage-ID: <x@example.com>\r\nSubject: visit example.net or joe@example.org',
      ),
    ).toEqual(['example.net', 'joe@example.org']);
  });

  test('encoded words are decoded and joined', () => {
    expect(inHeaders('Subject: =?utf-8?q?Go_to_http=3A//a=2Eexample?=\r\n =?utf-8?B?LmNvbS94?= now')).toEqual(
      ['http://a.example.com/x'],
    );
    expect(inHeaders(`X: =?utf-8?b?${Buffer.from('http://a.example.com/').toString('base64')}?=`)).toEqual([
      'http://a.example.com/',
    ]);
  });

  test('those of embedded messages are not among them', () => {
    expect(inHeaders('Content-Type: message/rfc822\r\n\r\nSubject: http://a.example.com/')).toEqual([]);
  });

  test('what is in the headers has a limit of its own and leaves the bodies theirs', () => {
    const many = Array.from({ length: 10 }, (_, i) => `X: http://h${i}.example.com/`).join('\r\n');
    const { uris } = observe(`${many}\r\n\r\nhttp://body.example.com/`, { uris: 3 });
    expect(uris.map((uri) => uri.mime_part)).toEqual([0, 0, 0, 1]);
  });
});

describe('limits', () => {
  test('on the number', () => {
    const log = new RecordLog();
    const text = Array.from({ length: 50 }, (_, i) => `http://h${i}.example.com/`).join(' ');
    const { uris } = observe(`\r\n${text}`, { uris: 20 }, log);
    expect(uris.map((uri) => uri.host)).toEqual(Array.from({ length: 20 }, (_, i) => `h${i}.example.com`));
    expect(log.lines.map((line) => line.fields.limit)).toEqual(['uris']);
    expect(observe(`\r\n${text}`, { uris: 0 }).uris).toEqual([]);
  });

  test('reached is not passed: the log speaks of it when there is one more', () => {
    const text = Array.from({ length: 20 }, (_, i) => `http://h${i}.example.com/`).join(' ');
    for (const [more, lines] of [
      ['', 0],
      [' http://h7.example.com/ and text', 0],
      [' http://h20.example.com/', 1],
      [` ${'text '.repeat(20_000)} www.example.org`, 1],
    ] as const) {
      const log = new RecordLog();
      expect(observe(`\r\n${text}${more}`, { uris: 20 }, log).uris.length).toBe(20);
      expect(log.lines.length).toBe(lines);
    }
    const long = Array.from({ length: 300 }, (_, i) => `http://h${i}.example.com/${'x'.repeat(2000)}`).join(
      ' ',
    );
    const log = new RecordLog();
    expect(observe(`\r\n${long}`, {}, log).uris.length).toBeLessThan(300);
    expect(log.lines.map((line) => line.fields.limit)).toEqual(['uris']);
  });

  test('on the length of one: it is cut', () => {
    const { uris } = observe(`\r\nhttp://a.example.com/${'x'.repeat(500)} www.b.example.com`, {
      uriLength: 100,
    });
    expect(uris.map((uri) => uri.uri_raw)).toEqual([
      `http://a.example.com/${'x'.repeat(79)}`,
      'www.b.example.com',
    ]);
  });

  test('of a reading that does not count is not said, however the text came', () => {
    // Little-endian by its mark, so that the octets as they are do not count: there is a zero among them.
    const text = Buffer.from(`\r\n\xff\xfehttp://a.example.com/${'x'.repeat(100)} \0`, 'latin1');
    const cut = { uriLength: 64 };
    const once = observe(text, cut);
    expect(once.limits).toEqual([]);
    expect(
      observe(
        Array.from(text, (_, i) => text.subarray(i, i + 1)),
        cut,
      ),
    ).toEqual(once);
  });

  test('on the headers of a part: a line that some take for the body ends where it ends', () => {
    const hosts = observe(`X Y: http://a.example.com/\r\nb: ${'c'.repeat(100)}`, { headerBytes: 64 }).uris;
    expect(hosts.map((uri) => uri.uri_raw)).toEqual(['http://a.example.com/']);
  });

  test('on the length of a header that is searched: the next one is searched all the same', () => {
    const seen = observe(
      `Subject: http://a.example.com/ ${'x '.repeat(200_000)} http://b.example.com/\r\nX: http://c.example.com/\r\n\r\n`,
    );
    expect(seen.uris.map((uri) => uri.host)).toEqual(['a.example.com', 'c.example.com']);
    expect(seen.truncated).toBe(true);
  });

  test('on the length of one is no limit on their number', () => {
    const cut = observe(`\r\nhttp://a.example.com/${'x'.repeat(500)}`, { uriLength: 100 });
    expect(cut.truncated).toBe(false);
    expect(cut.limits).toEqual(['limit-uri-length']);
    expect(observe(`\r\n${'http://a.example.com/ www.b.example.com'}`, { uris: 1 }).truncated).toBe(true);
    expect(observe('\r\nhttp://a.example.com/', { uris: 1 }).truncated).toBe(false);
  });

  test('on the length of all together', () => {
    const text = Array.from({ length: 10 }, (_, i) => `http://h${i}.example.com/${'x'.repeat(1000)}`).join(
      ' ',
    );
    expect(observe(`\r\n${text}`, { uris: 10 }).uris.length).toBe(3);
  });

  test('an overlong run is searched in pieces, and what belongs to a URI is left out', () => {
    const junk = 'x'.repeat(20_000);
    expect(plain(`${junk} http://a.example.com/`)).toEqual(['http://a.example.com/']);
    const found = html(`<img src="data:image/png;base64,${junk}www.example.com/${junk}"> www.b.example.com`);
    expect(found.map((uri) => uri.slice(0, 15))).toEqual(['data:image/png;', 'www.b.example.c']);
    expect(found[0]?.length).toBe(2048);
  });
});
