// What has to be done to one text part so that footers stand at its end: what is put in where, and what of its headers changes. As little as will do: the octets
// that are there stay as they are unless the encoding or the charset cannot take the footer (RFC 2045 6, RFC 3676).
import type { ChangeFault } from './change-faults.ts';
import { type ChangeSource, range } from './change-source.ts';
import type { HeaderChange } from './content-headers.ts';
import { QuotedOctets } from './encoded-octets.ts';
import { type FooterText, flowedLines, footerText } from './footer-text.ts';
import type { PlacedPart } from './part-map.ts';
import { DecodedBody, type Splice } from './splice.ts';
import { TextScan } from './text-scan.ts';
import { Base64Encoder, encodeAll, QuotedPrintableEncoder } from './transfer-encoders.ts';

export interface TextTarget {
  readonly part: PlacedPart;
  readonly html: boolean;
  readonly flowed: boolean;
}

export interface PartEdit {
  readonly splices: readonly Splice[];
  readonly headers: HeaderChange | undefined;
}

export type FooterOutcome =
  | { readonly kind: 'edit'; readonly edit: PartEdit }
  | { readonly kind: 'fault'; readonly fault: ChangeFault };

export interface FooterRules {
  /** Also under what is signed. */
  readonly signed: boolean;
  readonly isOver: () => boolean;
}

const CRLF = Buffer.from('\r\n');
/** RFC 5321 4.5.3.1.6, with room for what stands around. */
const longestLine = 900;

/** `footers` with CRLF, without a line end behind the last line. The source's errors come through. */
export async function footerEdit(
  source: ChangeSource,
  target: TextTarget,
  footers: readonly string[],
  { isOver, signed }: FooterRules,
): Promise<FooterOutcome> {
  const { flowed, html, part } = target;
  const { facts } = part;
  if (facts === undefined) return fault('no_text');
  const text = footers.map((footer) => (flowed && !html ? flowedLines(footer) : footer)).join('\r\n');
  const footer = await footerText(text, facts.charset, html);
  if (footer.kind === 'unknown') return fault('charset');
  const scanned = await scan(source, target, footer, isOver);
  if (scanned === undefined) return fault('bad_encoding');
  const { body, endsSoft, text: found } = scanned;
  if (found.pgp && !signed) return fault('signed');
  if (body.broken) return fault('charset');
  if (footer.kind === 'octets' && footer.label !== undefined && found.eightBit && !found.isUtf8)
    return fault('charset');
  if (facts.encoding === 'identity' && found.binary) return fault('binary');
  return { kind: 'edit', edit: placed(target, footer, found, endsSoft) };
}

const fault = (word: ChangeFault): FooterOutcome => ({ kind: 'fault', fault: word });

interface Scanned {
  readonly text: TextScan;
  readonly body: DecodedBody;
  /** Quoted-printable that ends in a soft line break. */
  readonly endsSoft: boolean;
}

/** Undefined when the transfer encoding is not what it says. */
async function scan(
  source: ChangeSource,
  { html, part }: TextTarget,
  footer: Exclude<FooterText, { kind: 'unknown' }>,
  isOver: () => boolean,
): Promise<Scanned | undefined> {
  const text = new TextScan(html);
  const encoding = part.facts?.encoding ?? 'identity';
  const charset = footer.kind === 'utf-8' ? footer.charset : undefined;
  const body = new DecodedBody(encoding, charset);
  const inPlace = encoding === 'quoted-printable' && charset === undefined;
  const quoted = inPlace ? new QuotedOctets((octet, at) => text.octet(octet, at)) : undefined;
  const base64 = encoding === 'base64' ? new Base64Check() : undefined;
  let at = 0;
  const give = (octets: Buffer): void => {
    for (const octet of octets) text.octet(octet, at++);
  };
  for await (const piece of range(source, part.bodyAt ?? part.bodyEnd, part.bodyEnd)) {
    if (isOver()) break;
    base64?.push(piece);
    if (quoted !== undefined) quoted.push(piece);
    else give(body.push(piece));
  }
  const endsSoft = quoted?.end() ?? false;
  if (quoted === undefined) give(body.end());
  return base64?.isGood === false ? undefined : { text, body, endsSoft };
}

/** Whether the part is a text with an armour of PGP. */
export async function hasArmour(source: ChangeSource, part: PlacedPart): Promise<boolean> {
  if (part.facts === undefined || !part.facts.text) return false;
  const text = new TextScan(false);
  const body = new DecodedBody(part.facts.encoding, undefined);
  const give = (octets: Buffer): void => {
    for (const octet of octets) text.octet(octet, 0);
  };
  for await (const piece of range(source, part.bodyAt ?? part.bodyEnd, part.bodyEnd)) {
    give(body.push(piece));
    if (text.pgp) return true;
  }
  give(body.end());
  return text.pgp;
}

class Base64Check {
  isGood = true;
  #padded = false;

  push(bytes: Buffer): void {
    const text = bytes.toString('latin1');
    if (/[^A-Za-z0-9+/=\s]/.test(text)) this.isGood = false;
    const first = text.indexOf('=');
    if (this.#padded && /[A-Za-z0-9+/]/.test(text)) this.isGood = false;
    if (first < 0) return;
    this.#padded = true;
    if (/[A-Za-z0-9+/]/.test(text.slice(first))) this.isGood = false;
  }
}

function placed(
  target: TextTarget,
  footer: Exclude<FooterText, { kind: 'unknown' }>,
  found: TextScan,
  endsSoft: boolean,
): PartEdit {
  const { part } = target;
  const { bodyEnd } = part;
  const bodyAt = part.bodyAt ?? bodyEnd;
  const encoding = part.facts?.encoding ?? 'identity';
  const isLast = part.parent === undefined;
  const placeAt = target.html ? found.placeAt : undefined;
  const label = footer.kind === 'utf-8' ? 'utf-8' : footer.label;
  const inside = placeAt !== undefined;
  const insert = inside
    ? Buffer.concat([CRLF, footer.octets, CRLF])
    : Buffer.concat([
        before(target, found),
        footer.octets,
        isLast || found.endsWithLine ? CRLF : Buffer.alloc(0),
      ]);

  if (encoding === 'base64') {
    const encoder = (): Base64Encoder => new Base64Encoder();
    const recode = { decoder: encoding, charset: charsetIn(footer), encoder, at: placeAt, insert };
    return { splices: [{ from: bodyAt, to: bodyEnd, with: recode }], headers: labelled(label, undefined) };
  }
  if (footer.kind === 'octets' && encoding === 'quoted-printable') {
    const at = placeAt === undefined ? bodyEnd : bodyAt + placeAt;
    const octets = encodeAll(new QuotedPrintableEncoder(true), insert);
    const softly = inside ? Buffer.from('=\r\n') : endsSoft ? CRLF : Buffer.alloc(0);
    return {
      splices: [{ from: at, to: at, with: Buffer.concat([softly, octets]) }],
      headers: labelled(label, undefined),
    };
  }
  if (footer.kind === 'octets' && encoding === 'identity' && isFit(footer.octets, found, part)) {
    const at = placeAt === undefined ? bodyEnd : bodyAt + placeAt;
    return { splices: [{ from: at, to: at, with: insert }], headers: labelled(label, undefined) };
  }
  const encoder = (): QuotedPrintableEncoder => new QuotedPrintableEncoder(true);
  const recode = { decoder: encoding, charset: charsetIn(footer), encoder, at: placeAt, insert };
  return {
    splices: [{ from: bodyAt, to: bodyEnd, with: recode }],
    headers: labelled(label, encoding === 'identity' ? 'quoted-printable' : undefined),
  };
}

const charsetIn = (footer: FooterText) => (footer.kind === 'utf-8' ? footer.charset : undefined);

function labelled(charset: string | undefined, encoding: string | undefined): HeaderChange | undefined {
  return charset === undefined && encoding === undefined ? undefined : { charset, encoding };
}

/** What ends the text that is there. */
function before({ flowed, html }: TextTarget, found: TextScan): Buffer {
  if (found.length === 0) return Buffer.alloc(0);
  const lineEnd = found.endsWithLine ? '' : '\r\n';
  // A paragraph that goes on in the next line is ended by an empty one.
  return Buffer.from(flowed && !html && found.endsOpen ? `${lineEnd}\r\n` : lineEnd);
}

/** Whether the octets can stand in the body as they are: 8-bit only where there was some, no long lines, and nothing like a delimiter. */
function isFit(octets: Buffer, found: TextScan, part: PlacedPart): boolean {
  const text = octets.toString('latin1');
  if (!found.eightBit && octets.some((octet) => octet > 127)) return false;
  const boundaries: string[] = [];
  for (let around = part.parent; around !== undefined; around = around.parent)
    boundaries.push(...(around.facts?.boundaries ?? []));
  return text
    .split('\r\n')
    .every(
      (line) =>
        line.length <= longestLine &&
        !/[\r\n\0]/.test(line) &&
        !(line.startsWith('--') && boundaries.some((boundary) => line.startsWith(boundary, 2))),
    );
}
