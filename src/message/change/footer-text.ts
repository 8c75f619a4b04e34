// A footer in the charset of the part that it is put under: whether the part's own will do, or the part has to become UTF-8.
import { decodeOctets } from '../../charset/decoding.ts';
import { type Charset, charsetOf } from '../../charset/label.ts';

export type FooterText =
  /** As the octets stand; `label`: what the part is to be labelled with. */
  | { readonly kind: 'octets'; readonly octets: Buffer; readonly label: string | undefined }
  /** The text around it becomes UTF-8. */
  | { readonly kind: 'utf-8'; readonly octets: Buffer; readonly charset: Charset }
  | { readonly kind: 'unknown' };

const utf8Label = 'utf-8';

const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

/** `label` as the part declares it, in lower case, '' when it declares none. */
export async function footerText(text: string, label: string, html: boolean): Promise<FooterText> {
  const charset = charsetOf(label);
  switch (charset.kind) {
    case 'octets':
    case 'single':
    case 'multiple': {
      const written = html ? withReferences(text) : text;
      if (isAscii(written)) return octets(Buffer.from(written, 'latin1'));
      if (charset.kind !== 'octets') return inCharset(written, label, charset);
      if (/utf-?8|65001/.test(label)) return octets(Buffer.from(written, 'utf8'));
      // Nothing is said of octets beyond ASCII, so that nobody is contradicted.
      if (label === '' || /^"?(?:us-)?ascii"?$|^"?ansi_x3/.test(label))
        return { kind: 'octets', octets: Buffer.from(written, 'utf8'), label: utf8Label };
      return { kind: 'unknown' };
    }
    case 'shifted':
    case 'utf-7':
    case 'utf-16':
    case 'utf-32':
    case 'ebcdic':
      return { kind: 'utf-8', octets: Buffer.from(text, 'utf8'), charset };
  }
}

const octets = (bytes: Buffer): FooterText => ({ kind: 'octets', octets: bytes, label: undefined });

/** Charsets of several octets whose names mean the same table to everybody; `gb2312` or `big5` are to some the narrow, to some the wide one. */
const sameForAll = /^(?:gb18030|gbk|(?:cp|windows-)9(?:32|36|49|50))$/;

async function inCharset(
  text: string,
  label: string,
  charset: Extract<Charset, { kind: 'single' | 'multiple' }>,
): Promise<FooterText> {
  const { default: iconv } = await import('iconv-lite');
  if (iconv.encodingExists(label) && (charset.kind === 'single' || sameForAll.test(label))) {
    const bytes = iconv.encode(text, label);
    // What the charset does not have comes back as something else. Browsers read iso-8859-1 as windows-1252, and other programs do not: it must be right for both.
    if (decodeOctets(bytes, charset) === text && iconv.decode(bytes, label) === text) return octets(bytes);
  }
  return { kind: 'utf-8', octets: Buffer.from(text, 'utf8'), charset };
}

/** Characters beyond ASCII as references, which every charset of a page can write. */
function withReferences(text: string): string {
  let written = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    written += code < 128 ? character : `&#${code};`;
  }
  return written;
}

/** A text as the source of a page that shows it. */
export function textAsHtml(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<p>${escaped.replaceAll('\r\n', '<br>\r\n')}</p>`;
}

/** RFC 3676 4.4: no line of it goes on in the next, and none looks quoted. */
export function flowedLines(text: string): string {
  return text
    .split('\r\n')
    .map((line) => {
      const ended = line === '-- ' ? line : line.replace(/ +$/, '');
      return /^(?: |>|From )/.test(ended) ? ` ${ended}` : ended;
    })
    .join('\r\n');
}
