// Encoded words (RFC 2047) as Dovecot decodes them: one that is none stays as it is, and a charset that nobody knows is read as UTF-8. Text comes and goes as
// UTF-8 octets in latin1; what is no UTF-8 becomes U+FFFD, one for a run of octets.
import { createDecoding } from '../../../charset/decoding.ts';
import { type Charset, charsetOf } from '../../../charset/label.ts';
import { Base64Decoder } from '../../../message/mime/decoder.ts';

const word = /=\?([^?\s]{1,80})\?([bq])\?([^?]*)\?=/gi;

/** Several characters that could not be read are shown as one. */
export const oneForEach = (text: string): string => text.replace(/\ufffd+/g, '\ufffd');

/** Octets of a charset as text; those that nobody has declared, or in a charset that nobody knows, are read as UTF-8. */
export function textIn(octets: Buffer, charset: Charset): string {
  const decoding = createDecoding(charset);
  const text = decoding === undefined ? octets.toString('utf8') : decoding.push(octets) + decoding.end();
  return oneForEach(text);
}

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

function octetsOf(kind: string, text: string): Buffer {
  if (/b/i.test(kind)) {
    const decoder = new Base64Decoder();
    const source = Buffer.from(text, 'latin1');
    const decoded = Buffer.from(decoder.push(source, 0, source.length));
    return Buffer.concat([decoded, decoder.end()]);
  }
  const octets = text
    .replaceAll('_', ' ')
    .replace(/=([\da-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(octets, 'latin1');
}

const undeclared = charsetOf('');

const plain = (text: string): string =>
  /^[\0-\x7f]*$/.test(text) ? text : latin1(textIn(Buffer.from(text, 'latin1'), undeclared));

/** `value` and the result are octets in latin1. Blanks between two words that were decoded vanish. */
export function decodeHeader(value: string): string {
  if (!value.includes('=?')) return plain(value);
  let result = '';
  let end = 0;
  let run: { readonly charset: string; readonly octets: Buffer[] } | undefined;
  const flush = (): void => {
    if (run !== undefined) result += latin1(textIn(Buffer.concat(run.octets), charsetOf(run.charset)));
    run = undefined;
  };
  for (const found of value.matchAll(word)) {
    const charset = (found[1] ?? '').replace(/\*.*$/, '').toLowerCase();
    const between = value.slice(end, found.index);
    if (run === undefined || /\S/.test(between)) {
      flush();
      result += plain(between);
    } else if (run.charset !== charset) flush();
    run ??= { charset, octets: [] };
    run.octets.push(octetsOf(found[2] ?? '', found[3] ?? ''));
    end = found.index + found[0].length;
  }
  flush();
  return result + plain(value.slice(end));
}
