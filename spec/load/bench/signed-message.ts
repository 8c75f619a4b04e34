// The messages of cases f and g, with one signature of rsa-2048: 2 KB of text, and 10 KB as people send them; and the zone in which its domain speaks for it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeKey, signed } from '../../fakes/mail-auth.ts';

/** TXT records by name; other names have the address 192.0.2.1. */
export type Texts = Readonly<Record<string, string>>;

/** Text and HTML with links to three domains, and an attachment: what people send, 10 KB of it. */
function mixedBody(): string {
  const prose = `${'some words '.repeat(6)}end`;
  const text = Array.from({ length: 20 }, (_, i) =>
    i % 5 === 0 ? `see http://www.example.org/${i}` : prose,
  );
  const html = Array.from(
    { length: 30 },
    (_, i) =>
      `<p style="color: black">${prose} <a href="https://shop.example.net/item/${i % 9}">shop.example.net</a></p>`,
  );
  const lines = [
    '--BB',
    'Content-Type: multipart/alternative; boundary=CC',
    '',
    '--CC',
    'Content-Type: text/plain; charset=utf-8',
    '',
    ...text,
    '--CC',
    'Content-Type: text/html; charset=utf-8',
    '',
    '<html><body>',
    ...html,
    '<a href="mailto:joe@mail.example.com">write to us</a></body></html>',
    '--CC--',
    '--BB',
    'Content-Type: application/pdf; name="offer.pdf"',
    'Content-Disposition: attachment; filename="offer.pdf"',
    'Content-Transfer-Encoding: base64',
    '',
    ...Array.from({ length: 36 }, () => 'JVBERi0xLjQK'.repeat(6)),
    '--BB--',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** Writes the messages of cases f and g, with LF at the ends of lines as smtp-source takes them. */
export async function writeSignedMessages(small: string, full: string): Promise<Texts> {
  const { key, record } = makeKey('rsa', 2048);
  const wish = { key, selector: 'bench', now: Math.floor(Date.now() / 1000) };
  const head =
    'From: a@example.com\r\nTo: b@example.net\r\nSubject: bench\r\nDate: today\r\nMessage-ID: <1@example.com>\r\n';
  const mixed = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=BB\r\n';
  const texts = [
    [small, `${head}\r\n${`${'some words '.repeat(6)}end\r\n`.repeat(20)}`],
    [full, `${head}${mixed}\r\n${mixedBody()}`],
  ] as const;
  for (const [file, text] of texts) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, (await signed(text, wish)).replaceAll('\r\n', '\n'), 'latin1');
  }
  return {
    'example.com': 'v=spf1 a:mail.example.com ip4:127.0.0.1 -all',
    '_dmarc.example.com': 'v=DMARC1; p=reject',
    'bench._domainkey.example.com': record,
  };
}
