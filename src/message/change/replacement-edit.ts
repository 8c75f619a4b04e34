// Other octets in the place of a part's content, in the encoding that the part has, where that can hold them.
import type { Encoding } from '../mime/content-type.ts';
import type { HeaderChange } from './content-headers.ts';
import type { PartEdit } from './footer-edit.ts';
import type { PlacedPart } from './part-map.ts';
import { Base64Encoder, encodeAll, QuotedPrintableEncoder } from './transfer-encoders.ts';

const SOFT_BREAK = Buffer.from('=\r\n', 'latin1');

/** `type`: of the part as it was. */
export function replacementEdit(
  part: PlacedPart,
  octets: Buffer,
  headers: HeaderChange,
  type: string,
): PartEdit {
  const text = /^text\//i.test((headers.type ?? type).trim());
  const { body, encoding } = bodyFor(
    octets,
    part.facts?.encoding ?? 'identity',
    text,
    part.parent === undefined,
    part,
  );
  // A new Content-Type takes the encoding that was said with the old one away.
  const said =
    headers.type === undefined ? encoding : (encoding ?? nameOf(part.facts?.encoding ?? 'identity'));
  const change = { ...headers, encoding: said };
  const isSame = Object.values(change).every((value) => value === undefined);
  const splices = [{ from: part.bodyAt ?? part.bodyEnd, to: part.bodyEnd, with: body }];
  return { splices, headers: isSame ? undefined : change };
}

const nameOf = (encoding: Encoding): string => (encoding === 'identity' ? '7bit' : encoding);

/**
 * `encoding` undefined: that of the part will do. Text gets line ends of CRLF; where neither it nor its lines can stand as they are it becomes quoted-printable, other content
 * base64. `closed`: a line end at the end belongs to it.
 */
export function bodyFor(
  octets: Buffer,
  encoding: Encoding,
  text: boolean,
  closed: boolean,
  part: PlacedPart,
): { readonly body: Buffer; readonly encoding: string | undefined } {
  const content = text ? withLineEnds(octets, closed) : octets;
  if (encoding === 'base64') return { body: encodeAll(new Base64Encoder(), content), encoding: undefined };
  if (encoding === 'quoted-printable') {
    const body = encodeAll(new QuotedPrintableEncoder(text), content);
    // The message ends with a line end, which is none of the content.
    const isOpen = part.parent === undefined && body.length > 0 && body.at(-1) !== 10;
    return { body: isOpen ? Buffer.concat([body, SOFT_BREAK]) : body, encoding: undefined };
  }
  if (isPlain(content) && (part.parent === undefined ? content.length === 0 || content.at(-1) === 10 : true))
    return { body: content, encoding: undefined };
  if (text)
    return { body: encodeAll(new QuotedPrintableEncoder(true), content), encoding: 'quoted-printable' };
  return { body: encodeAll(new Base64Encoder(), content), encoding: 'base64' };
}

function withLineEnds(octets: Buffer, closed: boolean): Buffer {
  const text = octets.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
  return Buffer.from(closed && text !== '' && !text.endsWith('\r\n') ? `${text}\r\n` : text, 'latin1');
}

/** Lines of ASCII, none too long, none that could be taken for a delimiter. */
function isPlain(octets: Buffer): boolean {
  const text = octets.toString('latin1');
  if (/[^\t\r\n\x20-\x7e]/.test(text)) return false;
  return text
    .split('\r\n')
    .every((line) => line.length <= 900 && !/[\r\n]/.test(line) && !line.startsWith('--'));
}
