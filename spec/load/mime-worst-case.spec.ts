// mime.parts and uri.found over a megabyte of the worst input: under a second of processor time each, in chunks as they come from a socket.
import { describe, expect, test } from 'vitest';
import { chunks, least, observeChunks, processorTime } from './mime-messages.ts';

const megabyte = 1_000_000;
const fill = (unit: string, length = megabyte): string =>
  unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
const series = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join('');

const mixed = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';
const html = 'Content-Type: text/html\r\n\r\n';
const quoted = 'Content-Transfer-Encoding: quoted-printable\r\n\r\n';
const flowed = 'Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n';
const header = (value: string): string => `Content-Type: multipart/mixed; ${value}\r\n\r\nx\r\n`;

function nestedInBase64(): string {
  let message = 'Subject: x\r\n\r\nhttp://deep.example.com/\r\n';
  while (message.length < megabyte / 2)
    message = `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(message, 'latin1').toString('base64')}`;
  return message;
}

const cases: Readonly<Record<string, string>> = {
  '& without ;': `\r\n${fill('&')}`,
  'references without ;': html + fill('&#'),
  'a reference of a million zeros': `${html}&#${fill('0')}`,
  references: html + fill('&nbsp;'),
  '10,000 boundaries': mixed + series(10_000, () => '--b\r\n\r\nx\r\n'),
  '10,000 boundaries declared': header(series(10_000, (i) => `; boundary=b${i}`)) + fill('--b9999\r\n'),
  'lines like delimiters': mixed + fill('--\r\n'),
  'lines like delimiters, 60 multiparts open': `Content-Type: multipart/mixed; boundary=b0\r\n\r\n${series(60, (i) => `--b${i}\r\nContent-Type: multipart/mixed; boundary=b${i + 1}\r\n\r\n`)}${fill('--b99x\r\n')}`,
  'long lines like delimiters': mixed + fill(`--${'x'.repeat(1200)}\r\n`),
  'no boundary declared': `Content-Type: multipart/mixed\r\n\r\n${fill('---=---=\r\n')}`,
  'blank text behind the end': `${mixed}--b--\r\n${fill('\r\n')}`,
  '30,000 header lines': `${series(30_000, (i) => `X-${i}: http://h${i}.example.com/\r\n`)}\r\n`,
  '30,000 folded lines': header(fill(';\r\n a=b', 240_000)),
  parameters: header(fill('a=b; ')),
  'parameters without ;': header(fill('a=b ')),
  'open comments': header(fill('(')),
  'closed comments': header(fill('(a)')),
  quotes: header(fill('a="')),
  backslashes: header(`boundary="${fill('\\')}`),
  'names without value': header(fill('boundary ')),
  'continued parameters': header(series(60_000, (i) => `b*${60_000 - i}=x;`)),
  'encoded words': `Subject: ${fill('=?a?q?x?= ')}\r\n\r\n`,
  'escapes of RFC 2231': `Content-Disposition: a; filename*=utf-8''${fill('%41')}\r\n\r\nx`,
  'escapes of RFC 2231 in both headers': header(`name*=gb18030''${fill('%81%30')}`),
  'escapes of RFC 2231 in pieces': `Content-Disposition: a${series(60_000, (i) => `;filename*${i}*=%41%42`)}\r\n\r\nx`,
  'encoded words in a name': header(`name="${fill('=?gbk?q?=41?= =?utf-8?q?=41?= ')}"`),
  'names in a name': header(fill('name="')),
  'half encoded words': `Subject: ${fill('=?a?q?')}\r\n\r\n`,
  'one line': `\r\n${fill('a')}`,
  'one line of dots': `\r\n${fill('a.')}`,
  'one line of at signs': `\r\n${fill('a@')}`,
  'one line of colons': `\r\n${fill('a:')}`,
  'one line of schemes': `\r\n${fill('http://')}`,
  'one line beyond ASCII': `\r\n${fill('\xe3\x80\x82')}`,
  'one line of wrong UTF-8': `\r\n${fill('\xe3.')}`,
  'hosts that are none': `\r\n${fill('aa.bb ')}`,
  'hosts, all different': `\r\n${series(110_000, (i) => `a${i}.com `)}`,
  'hosts of no known domain, all different': `\r\n${series(110_000, (i) => `a${i}.invalid `)}`,
  addresses: `\r\n${fill('a@b.1 ')}`,
  'IPv6 addresses that are none': `\r\n${fill('::x ')}`,
  'schemes that are none': `\r\n${fill('xx:y ')}`,
  'quotes in HTML': html + fill('=" '),
  'attributes in HTML': html + fill('href="'),
  'apostrophes in HTML': html + fill("' "),
  'equal signs': quoted + fill('='),
  'equal signs and blanks': quoted + fill(`=${' '.repeat(999)}`),
  'soft line breaks': quoted + fill('=\r\n'),
  'blanks in flowed text': flowed + fill(' '),
  padding: `Content-Transfer-Encoding: base64\r\n\r\n${fill('A=')}`,
  'messages in messages': fill('Content-Type: message/rfc822\r\n\r\n'),
  'encoded messages in messages': nestedInBase64(),
  'links that are open': html + fill('<a href=x>'),
  'links, all different': html + series(40_000, (i) => `<a href=//h${i}.com>h</a>`),
  'links to one place, all texts different':
    html + series(25_000, (i) => `<a href=//h.com>www.h${i}.com</a>`),
  'beginnings of tags': html + fill('<'),
  'beginnings of links': html + fill('<a'),
  'ends of tags': html + fill('</'),
  'open comments in HTML': html + fill('<!--'),
  'short comments': html + fill('a<!---->'),
  'one tag': `${html}<a ${fill('x=y ')}`,
  'one tag of quotes': `${html}<a ${fill('"')}`,
  'one text of a link': `${html}<a href=//a.com>${fill('a.b ')}`,
  'a host in pieces': `${html}http://${fill('a<b>')}`,
  'hosts in pieces': html + fill('http://a.<b>com</b>/ '),
  'a page in a link': `${html}<a href="data:text/html,${fill('<a href=//a.b.com>')}">`,
  'a page in base64 in a link': `${html}<a href="data:text/html;base64,${fill('PGEg')}">`,
  'many pages in links': html + series(8000, (i) => `<a href="data:text/html,<a href=//h${i}.com>">`),
  'URIs in URIs': `\r\n${fill('http://a.com/?u=')}`,
  'URIs in URIs, all different': `\r\n${series(9000, (i) => `http://a.com/?u=http://b.com/?u=http://h${i}.com/ `)}`,
  'parameters of a URI': `\r\nhttp://a.com/?${fill('u=b.com&')}`,
  'encoded URIs in a URI': `\r\nhttp://a.com/?u=${fill('http%253A%252F%252Fa.com')}`,
  'base64 in a URI': `\r\nhttp://a.com/${fill('aHR0cDovL2E')}`,
  'addresses of mailto': `\r\nmailto:${fill('a@b.com,')}`,
  'brackets for dots': `\r\n${fill('a[.]')}`,
  'schemes that were broken': `\r\n${fill('hxxp://')}`,
  'hosts that were broken': `\r\n${fill('a[.]com ')}`,
  'hosts in two scripts': `Content-Type: text/plain; charset=utf-8\r\n\r\n${series(40_000, (i) => `http://\xd1\x80a${i}.com/ `)}`,
  'folds of a calendar': `Content-Type: text/calendar\r\n\r\n${fill('\r\n ')}`,
  'UTF-16': `Content-Type: text/plain; charset=utf-16\r\n\r\n${fill('\0a\0.')}`,
};

describe('under a second for', () => {
  for (const [name, message] of Object.entries(cases)) {
    test(name, async () => {
      for (const size of [1460, 65_536]) {
        const pieces = chunks(message, size);
        const used: number[] = [];
        do used.push(await processorTime(() => observeChunks(pieces, true)));
        while (least(used) >= 1000 && used.length < 3);
        expect(least(used), `chunks of ${size}`).toBeLessThan(1000);
      }
    });
  }
});

test('four times the input takes no more than linear time', async () => {
  for (const unit of [
    '<a href=//a.com>www.b.com</a> ',
    'http://a.<b>com</b>/ ',
    'http://a.com/?u=',
    'a[.]com ',
    'aa.bb ',
    '--b ',
    '&#x',
    'href="',
    'a@b.1 ',
    '(',
    '=?a?q?x?= ',
  ]) {
    const time = async (length: number): Promise<number> => {
      const pieces = chunks(
        `${mixed}--b\r\nContent-Type: text/html; x=${fill(unit, length / 4)}\r\n\r\n${fill(unit, length)}`,
      );
      const used: number[] = [];
      for (let round = 0; round < 5; round++)
        used.push(await processorTime(() => observeChunks(pieces, true)));
      return least(used);
    };
    const small = await time(megabyte / 2);
    // Quadratic would be 16 times.
    expect(await time(2 * megabyte), unit).toBeLessThan(9 * small + 20);
  }
});
