// From a run of octets between delimiters in running text to what may be URIs: character references, invisible characters, wide punctuation;
// what then stands around a URI is taken off by around.ts. Called by finder.ts and header.ts. Text is bytes as latin1.
import { isUtf8 } from 'node:buffer';
import { hidden } from '../../uri/obscured.ts';
import { textPieces } from './around.ts';
import { decodeReferences, invisible, type ReferencePlace, wideDelimiter } from './entities.ts';

export interface TokenContext {
  /** References without semicolon count. */
  readonly html: boolean;
  /** Lower case; '' when unknown. */
  readonly charset: string;
}

export interface Candidate {
  /** As found, what uri_raw will be. */
  readonly raw: string;
  /** What is parsed: raw, or something that browsers or people read it as. */
  readonly text: string;
  /** The value of an attribute, parsed as browsers do. */
  readonly href: boolean;
  /** What hides it from people, where that is seen in the message only: bits of `hidden` of uri/obscured.ts. */
  readonly marks: number;
}

/** What cannot be in a URI (RFC 3986 appendix C, and NUL). */
export const delimiters = /[\0-\x20"<>{}\\^`]+/;

const wideStop = /[\u2024\u3002\ufe52\uff0e\uff61]/g;
const stopInside = /[\u2024\u3002\ufe52\uff0e\uff61](?=[\da-z\u0080-\uffff]|xn--)/gi;
const highBytes = /[\x80-\xff]/;
/** The first octets of those full stops in UTF-8, one of which must be there when no ASCII dot is. */
const wideStopBytes = /\xe2\x80\xa4|\xe3\x80\x82|\xef\xb9\x92|\xef\xbc\x8e|\xef\xbd\xa1/;
const singleByteCharset = /^(?:$|us-ascii|iso-8859|windows-125|cp125|latin)/;

function toLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Between characters of a URI, not behind the little picture in front of it. */
const invisibleInside =
  /[!-~](?:\u00ad|\u034f|\u061c|\u180e|[\u200b-\u200f]|[\u202a-\u202e]|[\u2060-\u206f]|[\ufe00-\ufe0f]|\ufeff)+[!-~]/;

/** What of these octets beyond ASCII hides a URI. */
function marksOf(text: string): number {
  const bytes = Buffer.from(text, 'latin1');
  if (!isUtf8(bytes)) return 0;
  const characters = bytes.toString('utf8');
  const unseen = invisibleInside.test(characters) ? hidden.invisible : 0;
  return characters.replace(invisible, '').search(stopInside) >= 0 ? unseen | hidden.letters : unseen;
}

/** Those that programs write for characters that mean something in HTML, and of typography. */
const plainReference = /&(?:amp|nbsp|lt|gt|quot|apos|#0*(?:3[489]|160)|#x0*(?:2[267]|a0));?/gi;

/** References in front of a query that stand for what anybody would write as it is. */
export function referenceMarks(text: string, place: ReferencePlace): number {
  const query = text.indexOf('?');
  const head = (query < 0 ? text : text.slice(0, query)).replace(plainReference, '');
  return head.includes('&') && decodeReferences(head, place) !== head ? hidden.references : 0;
}

/** Octets beyond ASCII, by the charset they seem to be in. */
function cleanHighBytes(text: string, charset: string): readonly string[] {
  const bytes = Buffer.from(text, 'latin1');
  if (isUtf8(bytes)) {
    const visible = bytes.toString('utf8').replace(invisible, '');
    // A full stop at the end of a sentence is none of the URI; browsers take any of them for a dot of a host.
    const dotted = visible.replace(stopInside, '.').replace(wideStop, ' ');
    return dotted.replace(wideDelimiter, ' ').split(' ').map(toLatin1);
  }
  if (charset.startsWith('big5')) return [text.replace(/\xa1[\x43\x44\x4f]/g, '.')];
  if (singleByteCharset.test(charset)) return text.replace(/\xad/g, '').split('\xa0');
  return [text];
}

/** The octets of an attribute's value without characters that are not seen. */
export function withoutInvisible(text: string, charset: string): string {
  if (!highBytes.test(text)) return text;
  const bytes = Buffer.from(text, 'latin1');
  if (isUtf8(bytes)) return toLatin1(bytes.toString('utf8').replace(invisible, ''));
  return singleByteCharset.test(charset) ? text.replace(/\xad/g, '') : text;
}

const none: readonly Candidate[] = [];

/** What may be URIs in a token of text, in order. */
export function candidates(token: string, context: TokenContext): readonly Candidate[] {
  if (!/[.:%&[\\\x80-\xff]/.test(token)) return none;
  let text = token.includes('\r') ? token.replaceAll('\r', '') : token;
  const references = text.includes('&');
  const place = context.html ? 'html' : 'text';
  let marks = 0;
  if (references) {
    marks = referenceMarks(text, place);
    text = decodeReferences(text, place);
  }
  if (!context.html || !/\\|\/\//.test(text)) return piecesOf(text, context, references, marks);
  // Scripts: what is left of the backslashes ends a word as it does in text.
  const words = text.includes('\\') ? scriptWords(text) : [text];
  return words
    .flatMap((word) => hostsBehindSlashes(word))
    .flatMap((word) => piecesOf(word, context, references, marks));
}

/** What is shorter is none. */
const scriptWords = (text: string): readonly string[] =>
  text
    .replace(scriptEscape, fromScript)
    .split('\\')
    .filter((word) => word.length > 2);

/** `\/`, and punctuation of URIs as `\x2f` and `\u002F`. */
const scriptEscape = /\\(?:\/|(?:x|u00)(2[\def]|3[adf]|40|5f))/gi;
const fromScript = (_all: string, hex: string | undefined): string =>
  hex === undefined ? '/' : String.fromCharCode(Number.parseInt(hex, 16));

/** In scripts and style sheets a host stands behind slashes and nothing, or a quotation mark or bracket; in text it is a comment. */
function hostsBehindSlashes(text: string): readonly string[] {
  const slashes = text.indexOf('//');
  if (slashes < 0) return [text];
  if (slashes === 0) return [text.replace(/^\/+/, '')];
  if (!"'(".includes(text.charAt(slashes - 1))) return [text];
  return [text.slice(0, slashes), text.slice(slashes).replace(/^\/+/, '')];
}

function piecesOf(
  text: string,
  context: TokenContext,
  references: boolean,
  given: number,
): readonly Candidate[] {
  const high = highBytes.test(text);
  if (!high && !references) return textPieces(text);
  const marks = high ? given | marksOf(text) : given;
  if (high && !/[.:%]/.test(text) && !wideStopBytes.test(text)) return none;
  const found: Candidate[] = [];
  const pieces = high ? cleanHighBytes(text, context.charset) : [text];
  for (const [index, piece] of pieces.entries()) {
    // Behind a full-width colon.
    if (index > 0 && piece.startsWith('//')) found.push(...textPieces(piece.slice(2), marks));
    for (const item of references ? piece.split(delimiters) : [piece]) found.push(...textPieces(item, marks));
  }
  return found;
}
