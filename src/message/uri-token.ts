// From a run of octets between delimiters to what may be a URI: character references, invisible characters, wide punctuation, what
// stands around a URI in text (quotes, brackets, `href=`). Called by uri-finder.ts and uri-header.ts. Text is bytes as latin1.
import { isUtf8 } from 'node:buffer';
import { decodeEntities, invisible, wideDelimiter } from './uri-entities.ts';

export interface TokenContext {
  /** References without semicolon count. */
  readonly html: boolean;
  /** The value of href, src and the like, read as browsers do: no tabs and line ends in it, `\` is `/`. */
  readonly attribute: boolean;
  /** Lower case; '' when unknown. */
  readonly charset: string;
}

export interface Candidate {
  /** As found, what uri_raw will be. */
  readonly raw: string;
  /** What is parsed: raw, or for an attribute what a browser makes of it. */
  readonly text: string;
}

/** What cannot be in a URI (RFC 3986 appendix C, and NUL). */
const delimiters = /[\0-\x20"<>{}\\^`]+/;

const ideographicStop = /[\u3002\ufe52\uff0e\uff61]/g;
const stopInside = /[\u3002\ufe52\uff0e\uff61](?=[\da-z\u0080-\uffff]|xn--)/gi;
const highBytes = /[\x80-\xff]/;
/** The first octets of the ideographic full stops in UTF-8, one of which must be there when no ASCII dot is. */
const wideStopBytes = /\xe3\x80\x82|\xef\xbc\x8e|\xef\xbd\xa1|\xef\xb9\x92/;
const singleByteCharset = /^(?:$|us-ascii|iso-8859|windows-125|cp125|latin)/;

function toLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Octets beyond ASCII, by the charset they seem to be in. */
function cleanHighBytes(text: string, context: TokenContext): string[] {
  const bytes = Buffer.from(text, 'latin1');
  if (isUtf8(bytes)) {
    const visible = bytes.toString('utf8').replace(invisible, '');
    // In running text a full stop at the end of a sentence is none of the URI; browsers take any of them for a dot of a host.
    const dotted = context.attribute
      ? visible.replace(ideographicStop, '.')
      : visible.replace(stopInside, '.').replace(ideographicStop, ' ');
    return dotted.replace(wideDelimiter, ' ').split(' ').map(toLatin1);
  }
  if (context.charset.startsWith('big5')) return [text.replace(/\xa1[\x43\x44\x4f]/g, '.')];
  if (singleByteCharset.test(context.charset)) return text.replace(/\xad/g, '').split('\xa0');
  return [text];
}

/** Without what stands around a URI: a name and equal sign, one bracket or apostrophe at each end, underlines. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  const name = /^[\da-z]+=/i.exec(text);
  if (name !== null) start = name[0].length;
  if (text[start] === '(' || text[start] === "'") start++;
  if (end > start && (text[end - 1] === ')' || text[end - 1] === "'")) end--;
  while (start < end && text[start] === '_') start++;
  while (end > start && text[end - 1] === '_') end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** A text with a colon: `Subject:` and 12:30:00 are no URIs; ::1 and 2001:db8::2 are addresses. */
function mayHaveScheme(text: string, colon: number): boolean {
  if (colon === text.length - 1) return false;
  if (text.includes('://') || text.includes('::')) return true;
  if (/[a-z]/i.test(text.slice(Math.max(0, colon - 24), colon))) return true;
  return text.split(':', 8).length >= 7;
}

/** False for what surely is no URI, so that ordinary words cost little; the parser decides on the rest. */
export function mayBeUri(text: string): boolean {
  if (text.length < 3) return false;
  if (/%[2346]/.test(text)) return true;
  const colon = text.indexOf(':');
  if (colon >= 0) return mayHaveScheme(text, colon);
  const at = text.indexOf('@');
  if (at >= 0) return at > 0 && text.indexOf('.', at) > 0;
  const hostEnd = text.search(/[/?#]/);
  const host = (hostEnd < 0 ? text : text.slice(0, hostEnd)).replace(/\.$/, '');
  const dot = host.lastIndexOf('.');
  if (dot <= 0) return false;
  const label = host.slice(dot + 1);
  return /^(?:[a-z\x80-\xff]{2,}|xn--.*)$/i.test(label) || /^\[?\d+\.\d+\.\d+\.\d+\]?$/.test(host);
}

/** A value of href as a browser takes it: `//host/` and `http:\\host` go to a host as well. */
function browserText(text: string): string {
  const slashes = text.replace(/\\/g, '/');
  if (/^\/\/+[^/]/.test(slashes)) return `http:${slashes.replace(/^\/+/, '//')}`;
  return slashes.replace(/^(https?|ftp):\/*(?=[^/])/i, '$1://');
}

const none: readonly Candidate[] = [];

/** What may be URIs in a token, in order. */
export function candidates(token: string, context: TokenContext): readonly Candidate[] {
  if (!/[.:%&\x80-\xff]/.test(token)) return none;
  let text = token;
  if (context.attribute) text = token.replace(/[\t\n\r]/g, '');
  else if (token.includes('\r')) text = token.replaceAll('\r', '');
  const references = text.includes('&');
  if (references) text = decodeEntities(text, context.html);
  const high = highBytes.test(text);
  if (high && !/[.:%]/.test(text) && !wideStopBytes.test(text)) return none;
  if (!references && !high && !context.attribute) {
    const raw = trim(text);
    return mayBeUri(raw) ? [{ raw, text: raw }] : none;
  }
  const pieces = high ? cleanHighBytes(text, context) : [text];
  const found: Candidate[] = [];
  for (const piece of pieces) {
    if (context.attribute) {
      const raw = trim(piece);
      const read = browserText(raw);
      if (mayBeUri(read) && !/[\0-\x20"<>]/.test(read)) {
        found.push({ raw, text: read });
        continue;
      }
    }
    for (const item of references || context.attribute ? piece.split(delimiters) : [piece]) {
      const raw = trim(item);
      if (mayBeUri(raw)) found.push({ raw, text: raw });
    }
  }
  return found;
}
