// A footer under the text of a message: which text, in what charset and encoding, with how little else changed.
import { describe, expect, test } from 'vitest';
import { changeMessage } from '../../../fakes/change-message.ts';

const crlf = (text: string): string => text.replaceAll('\n', '\r\n');
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

async function footed(message: string, text: string | undefined, html?: string | false): Promise<string> {
  let said = '';
  const out = await changeMessage(Buffer.from(crlf(message), 'latin1'), async (change) => {
    said = await change.footer(text, html);
  });
  return said === 'noted' ? out.toString('latin1').replaceAll('\r\n', '\n') : said;
}

const base64 = (text: string, charset: BufferEncoding = 'latin1'): string =>
  `${Buffer.from(text, charset).toString('base64')}\n`;

describe('a footer', () => {
  test.each<[string, string, string, string]>([
    ['plain', 'A: 1\n\nhello\n', 'bye', 'A: 1\n\nhello\nbye\n'],
    ['several lines', 'A: 1\n\nhello\n', 'bye\r\nnow', 'A: 1\n\nhello\nbye\nnow\n'],
    ['no final line end', 'A: 1\n\nhello', 'bye', 'A: 1\n\nhello\nbye\n'],
    ['empty body', 'A: 1\n\n', 'bye', 'A: 1\n\nbye\n'],
    ['no body at all', 'A: 1\n', 'bye', 'no_text'],
    ['signature separator', 'A: 1\n\nhello\n', '-- \r\nme', 'A: 1\n\nhello\n-- \nme\n'],
    [
      'beyond ASCII under 7bit becomes quoted-printable in UTF-8',
      'A: 1\n\nh=llo\n',
      'tschüß',
      'A: 1\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\nMIME-Version: 1.0\n\nh=3Dllo\ntsch=C3=BC=C3=9F\n',
    ],
    [
      'UTF-8 that has 8-bit octets already',
      `Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n${utf8('ä')}\n`,
      'ü',
      `Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n${utf8('ä\nü')}\n`,
    ],
    [
      '8bit that is ASCII so far goes as ASCII',
      'MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\na\n',
      'ü',
      'MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n\na\n=C3=BC\n',
    ],
    [
      'Latin-1',
      'Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n\xe4\n',
      'ü',
      'Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n\xe4\n\xfc\n',
    ],
    [
      'Latin-1 that has not all of it',
      'MIME-Version: 1.0\nContent-Type: text/plain; charset="iso-8859-1"; format=fixed\nContent-Transfer-Encoding: 8bit\n\n\xe4\n',
      'я',
      'MIME-Version: 1.0\nContent-Type: text/plain; format=fixed; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A4\n=D1=8F\n',
    ],
    [
      'quoted-printable stays as it is',
      'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\na=\nb =20=c3=A4\n',
      'ü',
      'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\na=\nb =20=c3=A4\n=C3=BC\n',
    ],
    [
      'quoted-printable that ends in a soft break',
      'Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nab=\n',
      'bye',
      'Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nab=\n\nbye\n',
    ],
    [
      'quoted-printable that ends in an equal sign',
      'Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nab=',
      'bye',
      'Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nab=\n\nbye\n',
    ],
    [
      'base64',
      `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${base64('hello\r\n')}`,
      'ü',
      `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${base64(utf8('hello\r\nü\r\n'))}`,
    ],
    [
      'base64 with text behind its padding',
      `Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n${base64('hello')}${base64('more')}`,
      'x',
      'bad_encoding',
    ],
    [
      'UTF-16 becomes UTF-8',
      `MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n\n${base64('hä\r\n', 'utf16le')}`,
      'ü',
      `MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${base64(utf8('hä\r\nü\r\n'))}`,
    ],
    [
      'ISO-2022-JP becomes UTF-8',
      'MIME-Version: 1.0\nContent-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B$"\x1b(B\n',
      'bye',
      'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=E3=81=82\nbye\n',
    ],
    [
      'an unknown charset, ASCII',
      'Content-Type: text/plain; charset=x-foo\n\na\n',
      'bye',
      'Content-Type: text/plain; charset=x-foo\n\na\nbye\n',
    ],
    ['an unknown charset, beyond ASCII', 'Content-Type: text/plain; charset=x-foo\n\na\n', 'ü', 'charset'],
    ['octets that are nothing', 'A: 1\n\n\xe4\n', 'ü', 'charset'],
    [
      'flowed',
      'Content-Type: text/plain; format=flowed\n\nto be \n',
      '> not \r\n-- \r\n x',
      'Content-Type: text/plain; format=flowed\n\nto be \n\n > not\n-- \n  x\n',
    ],
    ['pgp', 'A: 1\n\n-----BEGIN PGP SIGNED MESSAGE-----\nx\n', 'bye', 'signed'],
    ['pkcs7', 'Content-Type: application/pkcs7-mime\n\nx\n', 'bye', 'signed'],
    [
      'signed',
      'Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: application/pgp-signature\n\ny\n--b--\n',
      'bye',
      'signed',
    ],
    ['no text', 'Content-Type: image/png\n\nx\n', 'bye', 'no_text'],
    ['an attachment', 'Content-Type: text/plain\nContent-Disposition: attachment\n\nx\n', 'bye', 'no_text'],
    ['a text with a name', 'Content-Type: text/plain; name=x.txt\n\nx\n', 'bye', 'no_text'],
    ['a message in it', 'Content-Type: message/rfc822\n\nA: b\n\nx\n', 'bye', 'no_text'],
    ['truncated', 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n', 'bye', 'unsafe'],
    ['two types', 'Content-Type: text/plain\nContent-Type: text/html\n\nx\n', 'bye', 'unsafe'],
    ['no boundary', 'Content-Type: multipart/mixed\n\n--b\n\nx\n--b--\n', 'bye', 'unsafe'],
    [
      'blanks behind a delimiter, which others do not take',
      'Content-Type: multipart/mixed; boundary=b\n\n--b \n\nx\n--b--\n',
      'bye',
      'unsafe',
    ],
    [
      'a delimiter that the sender has aimed at it',
      'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="- Example"\n\n--- Example\n\nx\n--- Example--\n',
      '--- Example Corp\r\nbye',
      'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="- Example"\n\n--- Example\nContent-Transfer-Encoding: quoted-printable\n\nx\n=2D-- Example Corp\nbye\n--- Example--\n',
    ],
    [
      'a part without body',
      'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--b\nContent-Type: image/png\n\nx\n--b--\n',
      'bye',
      'Content-Type: multipart/mixed; boundary=b\n\n--b\n\nbye\n--b\nContent-Type: image/png\n\nx\n--b--\n',
    ],
  ])('%s', async (_, message, text, expected) => {
    expect(await footed(message, text)).toBe(expected);
  });

  const alternative = (text: string, html: string): string =>
    `Content-Type: multipart/alternative; boundary=b\n\npre\n--b\nX: y\n  z\n\n${text}\n--b\nContent-Type: text/html;\n\tcharset=us-ascii\n\n${html}\n--b--\nafter\n`;

  test('stands in each of the alternatives, in a page as references before the end of its text', async () => {
    expect(await footed(alternative('hi', '<p>hi</BODY></html>'), 'a & b', '<i>ü</i>')).toBe(
      alternative('hi\na & b', '<p>hi\n<i>&#252;</i>\n</BODY></html>'),
    );
    expect(await footed(alternative('hi', '<p>hi'), 'a & b')).toBe(
      alternative('hi\na & b', '<p>hi\n<p>a &amp; b</p>'),
    );
    expect(await footed(alternative('hi', '<p>hi'), 'a', false)).toBe(alternative('hi\na', '<p>hi'));
    expect(await footed(alternative('hi', '<p>hi'), undefined, '<hr>')).toBe(
      alternative('hi', '<p>hi\n<hr>'),
    );
  });

  test('in the page of multipart/related, and of the first text of multipart/mixed only', async () => {
    const message = (page: string): string =>
      `Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/related; boundary=r; start="<p>"\n\n--r\nContent-Type: image/png\n\nx\n--r\nContent-ID: <p>\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n${page}\n--r--\n\n--m\n\nnot here\n--m--\n`;
    expect(await footed(message('<b>=C3=A4 </b></bo=\ndy></html>'), 'x')).toBe(
      message('<b>=C3=A4 </b>=\n\n<p>x</p>\n</bo=\ndy></html>'),
    );
  });
});
