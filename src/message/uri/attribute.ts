// Where a URL stands in HTML that is read as browsers do, whole, and not as text is: the attributes that hold URLs, meta refresh, url() of
// style sheets. Which value that is, and what may be URLs in it. Called by finder.ts. Text is bytes as latin1.
import { withoutEnd } from '../../base/ascii.ts';
import { hrefText } from '../../uri/href-text.ts';
import { hidden } from '../../uri/obscured.ts';
import { decodeReferences } from './entities.ts';
import type { UriSource } from './found.ts';
import { type Candidate, referenceMarks, withoutInvisible } from './token.ts';

/**
 * What the value holds: one URL, by what it is for; several with widths behind them; seconds and a URL (`meta`); or a URL as style sheets
 * write it.
 */
export type ValueKind = 'href' | 'src' | 'action' | 'attribute' | 'list' | 'meta' | 'css';

const named = (kind: ValueKind, names: string): readonly (readonly [string, ValueKind])[] =>
  names.split(' ').map((name) => [name, kind] as const);
const kinds: ReadonlyMap<string, ValueKind> = new Map<string, ValueKind>([
  ['href', 'href'],
  ...named('src', 'src background lowsrc dynsrc poster icon'),
  ...named('action', 'action formaction'),
  ...named('attribute', 'cite codebase data longdesc usemap manifest'),
  ...named('list', 'srcset imagesrcset ping archive'),
  ['content', 'meta'],
]);

/** As uri.found tells it. */
export const sourceOf = (kind: ValueKind): UriSource => (kind === 'list' ? 'src' : kind);

/** How far before the equal sign the attribute's name is looked for. */
export const lookBehind = 48;
/** The last two letters of those names: most attributes have others, and need no search. By the lowest five bits of both. */
const nameEnds = new Uint8Array(1024);
for (const name of kinds.keys())
  nameEnds[((name.charCodeAt(name.length - 2) & 31) << 5) | (name.charCodeAt(name.length - 1) & 31)] = 1;

/** False when the two octets surely do not end such a name. */
export function mayEndName(first: number, second: number): boolean {
  return nameEnds[((first & 31) << 5) | (second & 31)] === 1;
}

const isLetter = (code: number): boolean => (code | 32) >= 97 && (code | 32) <= 122;
const isNameEnd = (code: number): boolean =>
  code <= 32 || code === 34 || code === 39 || code === 47 || code === 60;

/** `before` is what stands before an equal sign: blanks, a name, perhaps with a prefix (`xlink:href`, `v:src`), and what separates it. */
export function attributeKind(before: string): ValueKind | undefined {
  let end = before.length;
  while (end > 0 && before.charCodeAt(end - 1) <= 32) end--;
  let start = end;
  while (start > 0 && isLetter(before.charCodeAt(start - 1))) start--;
  const kind = kinds.get(before.slice(start, end).toLowerCase());
  if (kind === undefined) return undefined;
  if (before[start - 1] === ':') {
    start--;
    while (start > 0 && isLetter(before.charCodeAt(start - 1))) start--;
  }
  return start === 0 || isNameEnd(before.charCodeAt(start - 1)) ? kind : undefined;
}

/** HTML 4.2.5.3, shared declarative refresh steps: seconds, then a URL with or without `url=` and quotes. */
const refresh = /^\s*[\d.]*\s*(?:[;,]\s*|\s)(?:url\s*=\s*)?(?:"([^"]*)|'([^']*)|(.*))/is;

function refreshUrl(value: string): string | undefined {
  const found = refresh.exec(value);
  if (found === null) return undefined;
  const url = found[1] ?? found[2] ?? found[3] ?? '';
  // Other values of content that have a number in front are text.
  return /^\s*(?:[a-z][\w+.-]*:|[/\\])/i.test(url) ? url : undefined;
}

/** CSS Syntax 4.3.7: `\2f ` is a slash; a backslash and line end are nothing. */
function unescapeCss(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(
    /\\(?:([\da-f]{1,6})(?:\r\n|\s)?|(\r\n|[\n\r\f])|([\s\S]))/gi,
    (_all, hex?: string, _line?: string, other?: string) => {
      if (hex === undefined) return other ?? '';
      const code = Number.parseInt(hex, 16);
      if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '';
      return Buffer.from(String.fromCodePoint(code), 'utf8').toString('latin1');
    },
  );
}

function urlsIn(kind: ValueKind, value: string): readonly string[] {
  switch (kind) {
    case 'href':
    case 'src':
    case 'action':
    case 'attribute':
      return [value];
    case 'list':
      return value.split(/[\t\n\f\r ]+/).map((item) => withoutEnd(item.replace(/^,+/, ''), ','));
    case 'meta': {
      const url = refreshUrl(value);
      return url === undefined ? [] : [url];
    }
    case 'css':
      return [unescapeCss(value)];
  }
}

/** Tabs or line ends between the first character of a URL and the end of its host. */
function breaksHost(url: string): boolean {
  const first = url.search(/[^\0-\x20]/);
  const scheme = /^[a-z\t\n\r+.-]*:[/\\\t\n\r]*|^[/\\\t\n\r]*/i.exec(url.slice(first))?.[0] ?? '';
  const host = /^[^/\\?#]*/.exec(url.slice(first + scheme.length))?.[0] ?? '';
  return /[\t\n\r]/.test(withoutEnd(scheme + host, '\t\n\r '));
}

/** A URL as browsers take it: blanks and control characters at its ends and all tabs and line ends vanish. */
export function hrefCandidate(url: string, charset: string, marks = 0): Candidate | undefined {
  const visible = withoutInvisible(url, charset);
  const stripped = visible.replace(/[\t\n\r]/g, '');
  let start = 0;
  let end = stripped.length;
  while (start < end && stripped.charCodeAt(start) <= 32) start++;
  while (end > start && stripped.charCodeAt(end - 1) <= 32) end--;
  const raw = stripped.slice(start, end);
  if (!/[.:/\\%]/.test(raw)) return undefined;
  const unseen = visible === url ? marks : marks | hidden.invisible;
  const isBroken = stripped !== visible && breaksHost(visible);
  return { raw, text: hrefText(raw), href: true, marks: isBroken ? unseen | hidden.blanks : unseen };
}

/**
 * A value that is in quotes once more: HTML in an attribute (`srcdoc`), style sheets with references for quotes, typographic quotes, and
 * quoted-printable that nobody decoded (`=3D"`). For browsers that is no URL, but what is in the quotes is meant to be one.
 */
const quotedAgain = /^\s{0,64}(?:3D)?(["'`]|\xe2\x80[\x98-\x9f]|\xc2\xab)/i;
const quoteEnd = /["'`]|\xe2\x80[\x98-\x9f]|\xc2\xbb/;

function withoutQuotes(text: string): string {
  const open = quotedAgain.exec(text);
  if (open === null) return text;
  const inner = text.slice(open[0].length);
  const end = inner.search(quoteEnd);
  return end < 0 ? inner : inner.slice(0, end);
}

/** What may be URLs in a value, in order. */
export function valueCandidates(kind: ValueKind, value: string, charset: string): readonly Candidate[] {
  const references = value.includes('&');
  const text = withoutQuotes(references ? decodeReferences(value, 'attribute') : value);
  const marks = references ? referenceMarks(value, 'attribute') : 0;
  return urlsIn(kind, text).flatMap((url) => hrefCandidate(url, charset, marks) ?? []);
}
