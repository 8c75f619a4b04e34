// URIs within a URI: where a redirector sends people (`?url=...`, `/http://...`, and the forms of the known ones), pages in `data:`, scripts in
// `javascript:`, the further addresses of `mailto:`. One level of it; collector.ts goes on with what it gives. Text is bytes as latin1. Linear time.
import { withoutEnd } from '../../base/ascii.ts';
import { hrefText } from '../../uri/href-text.ts';
import type { Uri } from '../../uri/parse-uri.ts';
import { decodePercent } from '../../uri/percent.ts';
import { textPieces } from './around.ts';
import type { Candidate } from './token.ts';

export type Nested =
  | { readonly kind: 'page'; readonly text: string }
  | { readonly kind: 'candidates'; readonly candidates: readonly Candidate[] };

/** Of one URI no more than these are looked at. */
const most = 32;

const web = /^(?:https?|ftp)$/i;
/** Without one of these there is nothing in it. */
const hint = /:\/|%(?:25)*3a|www\.|aHR0c|3A__|[?&;#/=](?:\/\/|%2f%2f)|\/amp\/s?/i;

/** A parameter that names where to go may have a host without scheme. */
const target =
  /^(?:a?url|u|uri|link|href|to|go|goto|redir|redirect(?:_?ur[il]|_?to)?|return(?:_?ur[il]|_?to)?|r|rurl|dest|destination|target|next|continue|out|site|forward|location|host|domain)$/i;

const candidate = (url: string): Candidate => ({ raw: url, text: hrefText(url), href: true, marks: 0 });

/** Base64 of `http://` or `https://`, as some redirectors have it; URL-safe or not. */
const encoded = /aHR0c(?:DovL|HM6Ly)[\w+/-]*/g;

function fromBase64(text: string): string {
  const bytes = Buffer.from(text, 'base64').toString('latin1');
  return /^[^\0-\x20"<>\x7f]*/.exec(bytes)?.[0] ?? '';
}

/** From each `http://` on, where one does not stand in the other's text. One slash is what some servers leave of two. */
function addresses(found: Candidate[], text: string): void {
  const start = /(?:https?|ftp):\/{1,3}(?=[^/\s])/gi;
  for (let at = start.exec(text); at !== null && found.length < most; at = start.exec(text)) {
    const rest = text.slice(at.index, text.length);
    const end = /[\0-\x20"'<>]/.exec(rest)?.index ?? rest.length;
    const url = rest.slice(0, end);
    found.push(candidate(withoutEnd(url, '),.;')));
    start.lastIndex = at.index + end;
  }
}

function inPath(found: Candidate[], uri: Uri): void {
  const path = uri.path ?? '';
  addresses(found, path);
  // www.google.com/amp/s/www.example.com/x
  const amp = /^\/amp\/(?:s\/)?([^/]+\.[^/]+.*)$/is.exec(path)?.[1];
  if (amp !== undefined && /^(?:www\.)?google\./i.test(uri.host ?? ''))
    found.push(candidate(`http://${amp}`));
  for (const [text] of path.matchAll(encoded)) found.push(candidate(fromBase64(text)));
}

/** Values of parameters, each decoded on its own: an `&` in one is none of the query. */
function inQuery(found: Candidate[], query: string, uri: Uri): void {
  for (const item of query.split(/[&;]/, 256)) {
    if (found.length >= most) return;
    const equals = item.indexOf('=');
    const name = equals < 0 ? '' : item.slice(0, equals);
    let value = decodePercent(item.slice(equals + 1).replaceAll('+', ' '));
    // Proofpoint's first form: http-3A__www.example.com_x
    if (/^https?-3A__/i.test(value) && /^urldefense\./i.test(uri.host ?? ''))
      value = decodePercent(value.replaceAll('-', '%').replaceAll('_', '/'));
    value = unwrapped(value);
    for (const [text] of value.matchAll(encoded)) found.push(candidate(fromBase64(text)));
    const before = found.length;
    addresses(found, value);
    if (found.length > before) continue;
    if (/^[/\\]{2}[^/\\]/.test(value)) found.push(candidate(value));
    else if (/^www\./i.test(value) || target.test(name))
      found.push(...textPieces(value.trim()).filter(isHost));
  }
}

const isHost = ({ text }: Candidate): boolean => !text.includes('@') && /^[^/?#]+\.[^/?#]/.test(text);

/** Encoded more than once. */
function unwrapped(value: string): string {
  let text = value;
  for (let turn = 0; turn < 3 && /^\s*(?:https?|ftp)%(?:25)*3a/i.test(text); turn++)
    text = decodePercent(text);
  return text;
}

const pageType = /^(?:$|text\/|application\/(?:xhtml|xml|javascript|json)|image\/svg)/i;

/** RFC 2397: type, `;base64`, a comma, the data. */
function inData(text: string): Nested | undefined {
  const parts = /^data:([^,]*),(.*)$/is.exec(text);
  const [type = '', data = ''] = [parts?.[1], parts?.[2]];
  if (parts === null || !pageType.test(decodePercent(type).trim())) return undefined;
  const decoded = decodePercent(data);
  const isBase64 = /;\s*base64\s*$/i.test(type);
  return { kind: 'page', text: isBase64 ? Buffer.from(decoded, 'base64').toString('latin1') : decoded };
}

/** RFC 6068: several addresses, and others in its fields; a body is text. */
function inMailto(text: string): Nested | undefined {
  const parts = /^\s*mailto:([^?#]*)\??([^#]*)/i.exec(text);
  if (parts === null) return undefined;
  const lists = (parts[1] ?? '').split(',', most).slice(1);
  const found: Candidate[] = [];
  for (const field of (parts[2] ?? '').split(/&(?:amp;)?/, most)) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(field) ?? [];
    if (/^(?:to|cc|bcc)$/i.test(name)) lists.push(...value.split(/,|%2c/i, most));
    else addresses(found, decodePercent(value));
  }
  for (const address of lists.slice(0, most))
    if (/@|%40/.test(address)) found.push(...textPieces(decodePercent(address).trim()));
  return found.length === 0 ? undefined : { kind: 'candidates', candidates: found };
}

/** `text` is what `uri` was read from. Undefined when there is nothing in it. */
export function nestedIn(text: string, uri: Uri): Nested | undefined {
  const scheme = uri.scheme.toLowerCase();
  if (scheme === 'mailto') return /[,?]/.test(text) ? inMailto(text) : undefined;
  if (scheme === 'data') return inData(text);
  if (scheme === 'javascript')
    return { kind: 'page', text: decodePercent(text.slice(text.indexOf(':') + 1)) };
  if (!web.test(scheme)) return undefined;
  const end = text.search(/[?#]/);
  if (
    !hint.test(text.slice(uri.scheme_info === undefined ? 0 : text.indexOf(':') + 3)) &&
    !hasTarget(text, end)
  )
    return undefined;
  const found: Candidate[] = [];
  inPath(found, uri);
  if (end >= 0)
    for (const piece of text.slice(end + 1).split('#', 4)) inQuery(found, piece.replace(/^!?[?/]/, ''), uri);
  return found.length === 0 ? undefined : { kind: 'candidates', candidates: found.slice(0, most) };
}

/** A parameter with a host without scheme. */
function hasTarget(text: string, query: number): boolean {
  if (query < 0 || !text.includes('.', query)) return false;
  return text
    .slice(query + 1)
    .split(/[&;#]/, 256)
    .some((item) => target.test(item.slice(0, Math.max(0, item.indexOf('=')))));
}
