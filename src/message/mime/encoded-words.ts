// Encoded words (RFC 2047) in a header value as text, lenient as mail programs are: in quotes, with blanks inside, without an end, in any charset that
// charset/ knows. Characters that are split over two words are put together. Linear in the length of the value.
import { decodeOctets } from '../../charset/decoding.ts';
import { charsetOf } from '../../charset/label.ts';
import { Base64Decoder } from './decoder.ts';

/** The second form: question marks in the text, which ends at the first `?=` all the same, and before the next word. */
const word = /=\?([^?\s]{0,80})\?([bq])\?(?:([^?]*)(?:\?=|\??$)|((?:[^?=]|=(?!\?)|\?(?!=))*)(?:\?=|$))/gi;

function octetsOf(kind: string, text: string): Buffer {
  if (kind === 'b' || kind === 'B') {
    const decoder = new Base64Decoder();
    const source = Buffer.from(text, 'latin1');
    return Buffer.concat([decoder.push(source, 0, source.length), decoder.end()]);
  }
  const octets = text
    .replaceAll('_', ' ')
    .replace(/=([\da-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(octets, 'latin1');
}

/** `value` is latin1, unfolded. Blanks between two words vanish. */
export function decodeWords(value: string): string {
  if (!value.includes('=?')) return plain(value);
  let result = '';
  let end = 0;
  let charset: string | undefined;
  let octets: Buffer[] = [];
  const flush = (): void => {
    if (charset !== undefined) result += decodeOctets(Buffer.concat(octets), charsetOf(charset));
    charset = undefined;
    octets = [];
  };
  for (const found of value.matchAll(word)) {
    const between = value.slice(end, found.index);
    if (charset === undefined || /\S/.test(between)) {
      flush();
      result += plain(between);
    }
    const named = (found[1] ?? '').replace(/\*.*$/, '').toLowerCase();
    if (named !== charset) flush();
    charset = named;
    octets.push(octetsOf(found[2] ?? '', found[3] ?? found[4] ?? ''));
    end = found.index + found[0].length;
  }
  flush();
  return result + plain(value.slice(end));
}

function plain(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : decodeOctets(Buffer.from(text, 'latin1'), charsetOf(''));
}
