// The paths of MAIL and RCPT and the addresses of smtp.send* (RFC 5321 section 4.1.2), the one parser for all of them. Octets above 127 are
// taken as UTF-8 where the rules say so (SMTPUTF8, RFC 6531 section 3.3), and refused elsewhere; lengths count octets. Looser than the RFC
// where real mail is and nothing can be misread: underscores in domains, a domain of one label, an address without a domain, and with a
// Lenience what its table lists. Pure and linear.

import { isIPv4, isIPv6 } from 'node:net';
import { lowerAscii } from '../../base/ascii.ts';
import { domainInAscii } from '../../net-address/idn.ts';
import { hasEightBitOctets, isUtf8Text } from '../../text/utf8.ts';
import { isBlank, trimBlanks } from './blanks.ts';
import type { Lenience } from './lenience.ts';

export interface PathRules {
  readonly lenience: Lenience;
  /** A local part of more than 64 octets is a fault (RFC 5321 section 4.5.3.1.1). */
  readonly localLength: boolean;
  /** An address without a domain is a fault. */
  readonly needsDomain: boolean;
  /** Local parts and domains may be in UTF-8: well-formed, without control characters, domains with U-labels. */
  readonly utf8?: boolean | undefined;
}

export interface Path {
  /**
   * As the client wrote it, without brackets and without source route (RFC 5321 section 4.1.1.3: it SHOULD be stripped); '' for the null
   * path. Hooks get this, and the next hop.
   */
  readonly address: string;
  /** `address` with the domain in lower case; a literal stays as it was written. */
  readonly normal: string;
  /** Lower case; '' for the null path and for an address without a domain. A literal keeps its brackets. */
  readonly domain: string;
}

export type PathFault =
  /** No brackets, or something in front of them. */
  | 'form'
  /** < and > do not match. */
  | 'brackets'
  | 'route'
  | 'local'
  | 'localLength'
  | 'incomplete'
  | 'domain'
  | 'domainLength'
  /** Octets above 127 that may not be there, or are no UTF-8. */
  | 'nonAscii';

export type ParsedPath =
  /** `rest`: what stands behind the path, with the blank in front of it. */
  | { readonly kind: 'path'; readonly path: Path; readonly rest: string }
  | { readonly kind: 'fault'; readonly fault: PathFault };

export type ParsedMailbox =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'fault'; readonly fault: PathFault };

/** For people: `got "a@": <this>`. */
export const FAULT_TEXTS: Readonly<Record<PathFault, string>> = {
  form: 'there are no angle brackets around it',
  brackets: 'its angle brackets do not match',
  route: 'its source route is malformed',
  local: 'its local part is malformed',
  localLength: 'its local part has more than 64 bytes',
  incomplete: 'it has no domain',
  domain: 'its domain is none',
  domainLength: 'its domain has more than 255 bytes',
  nonAscii: 'it has bytes above 127',
};

const NULL_PATH: Path = { address: '', normal: '', domain: '' };
/** RFC 5321 section 4.5.3.1.2. */
const LONGEST_DOMAIN = 255;
const LONGEST_LOCAL = 64;
/** RFC 1035 section 2.3.4. */
const LONGEST_LABEL = 63;

const QUOTE = 0x22;
const HYPHEN = 0x2d;
const DOT = 0x2e;
const OPEN = 0x3c;
const CLOSE = 0x3e;
const AT = 0x40;
const BACKSLASH = 0x5c;
const UNDERSCORE = 0x5f;

const fault = (name: PathFault): { readonly kind: 'fault'; readonly fault: PathFault } => ({
  kind: 'fault',
  fault: name,
});

/** Reads the path at the beginning of `text` (which has no blanks in front and is not empty). */
export function parsePath(text: string, rules: PathRules): ParsedPath {
  const extent = findPath(text, rules.lenience);
  if (typeof extent === 'string') return fault(extent);
  const { lenience } = rules;
  const address = lenience.innerBlanks
    ? trimBlanks(text, extent.start, extent.end)
    : text.slice(extent.start, extent.end);
  const parsed = parseMailbox(address, rules);
  return parsed.kind === 'fault'
    ? parsed
    : { kind: 'path', path: parsed.path, rest: text.slice(extent.after) };
}

/** How a path is written in MAIL and RCPT. */
export function formatPath(address: string): string {
  return `<${address}>`;
}

interface Extent {
  readonly start: number;
  readonly end: number;
  /** The first character behind the path. */
  readonly after: number;
}

function findPath(text: string, lenience: Lenience): Extent | 'form' | 'brackets' {
  let depth = 0;
  while (text.charCodeAt(depth) === OPEN) depth++;
  if (depth === 0) return findWord(text, lenience);
  const end = endOf(text, depth);
  let after = end;
  while (after < text.length && after < end + depth && text.charCodeAt(after) === CLOSE) after++;
  if (after - end !== depth) return 'brackets';
  return depth > 1 && !lenience.doubleBrackets ? 'brackets' : { start: depth, end, after };
}

/** An address without brackets: up to the first blank that is not in quotes. */
function findWord(text: string, lenience: Lenience): Extent | 'form' | 'brackets' {
  const end = endOf(text, 0);
  if (end < text.length && !isBlank(text.charCodeAt(end))) return 'brackets';
  return lenience.noBrackets ? { start: 0, end, after: end } : 'form';
}

/** The first angle bracket from `start` on that is neither in quotes nor behind a backslash; with `start` 0 a blank ends the path, too. */
function endOf(text: string, start: number): number {
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) quoted = !quoted;
    else if (!quoted && (code === CLOSE || code === OPEN || (start === 0 && isBlank(code)))) return i;
  }
  return text.length;
}

/** Reads a whole text as an address without brackets: nothing may stand around it. '' is the null path. */
export function parseMailbox(text: string, rules: PathRules): ParsedMailbox {
  if (text === '') return { kind: 'path', path: NULL_PATH };
  if (rules.utf8 === true && !isUtf8Text(text)) return fault('nonAscii');
  const parsed = readMailbox(text, rules);
  return parsed.kind === 'fault' && rules.utf8 !== true && hasEightBitOctets(text)
    ? fault('nonAscii')
    : parsed;
}

function readMailbox(text: string, rules: PathRules): ParsedMailbox {
  const { lenience } = rules;
  const utf8 = rules.utf8 === true;
  const localStart = skipRoute(text, utf8);
  if (typeof localStart === 'string') return fault(localStart);
  const localEnd =
    text.charCodeAt(localStart) === QUOTE
      ? skipQuoted(text, localStart, utf8)
      : skipDotString(text, localStart, lenience, utf8);
  if (localEnd < 0) return fault('local');
  if (rules.localLength && localEnd - localStart > LONGEST_LOCAL) return fault('localLength');
  const domainStart = localEnd + 1;
  if (localEnd === text.length) {
    if (rules.needsDomain) return fault('incomplete');
    const address = text.slice(localStart);
    return { kind: 'path', path: { address, normal: address, domain: '' } };
  }
  const domainEnd =
    lenience.finalDot && text.charCodeAt(text.length - 1) === DOT ? text.length - 1 : text.length;
  if (domainEnd - domainStart > LONGEST_DOMAIN) return fault('domainLength');
  const domain = text.slice(domainStart, domainEnd);
  const literal = domain.startsWith('[');
  if (!(literal ? isLiteral(domain) : isDomain(domain, utf8))) return fault('domain');
  const address = text.slice(localStart, domainEnd);
  const lower = lowerAscii(domain);
  const normal = literal || lower === domain ? address : text.slice(localStart, domainStart) + lower;
  return { kind: 'path', path: { address, normal, domain: lower } };
}

/** Behind a source route (`@a.example,@b.example:`), or 0 when there is none; RFC 5321 appendix C. */
function skipRoute(text: string, utf8: boolean): number | 'route' | 'domain' {
  if (text.charCodeAt(0) !== AT) return 0;
  let at = 0;
  for (;;) {
    if (text.charCodeAt(at) !== AT) return 'route';
    let end = at + 1;
    while (end < text.length && text[end] !== ':' && text[end] !== ',' && text[end] !== '@') end++;
    if (end === at + 1 || end === text.length || text[end] === '@') return 'route';
    const domain = text.slice(at + 1, end);
    if (domain.length > LONGEST_DOMAIN || !isDomain(domain, utf8)) return 'domain';
    if (text[end] === ':') return end + 1;
    at = end + 1;
  }
}

/** Quoted-string: the offset behind it, where `@` or the end is; else -1. */
function skipQuoted(text: string, start: number, utf8: boolean): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) break;
    if (code === BACKSLASH) {
      // quoted-pairSMTP is ASCII, also in RFC 6531.
      i++;
      if (i >= text.length || !isPrintable(text.charCodeAt(i))) return -1;
    } else if (!isPrintable(code) && !(utf8 && code > 0x7f)) return -1;
  }
  if (i >= text.length) return -1;
  i++;
  return i === text.length || text.charCodeAt(i) === AT ? i : -1;
}

/** Dot-string: the offset of the `@` behind it or of the end; -1 when it is none. */
function skipDotString(text: string, start: number, lenience: Lenience, utf8: boolean): number {
  let i = start;
  let before = DOT;
  let onlyDots = true;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (before === DOT && !lenience.dots) return -1;
    } else if (code === BACKSLASH && lenience.quotedPairs) {
      i++;
      if (i >= text.length || !isPrintable(text.charCodeAt(i))) return -1;
      onlyDots = false;
    } else if (isAtom(code) || (utf8 && code > 0x7f)) onlyDots = false;
    else break;
    before = code;
  }
  if (onlyDots || (before === DOT && !lenience.dots)) return -1;
  return i === text.length || text.charCodeAt(i) === AT ? i : -1;
}

/** A blank counts. */
function isPrintable(code: number): boolean {
  return code >= 0x20 && code <= 0x7e;
}

/** atext of RFC 5322 section 3.2.3. */
function isAtom(code: number): boolean {
  return code > 0x20 && code < 0x7f && ATOM[code] === true;
}

const ATOM: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]/.test(String.fromCharCode(code)),
);

/** `[1.2.3.4]` or `[IPv6:...]`, RFC 5321 section 4.1.3. */
function isLiteral(domain: string): boolean {
  if (!domain.endsWith(']')) return false;
  const inner = domain.slice(1, -1);
  if (isIPv4(inner)) return true;
  return /^ipv6:/i.test(inner) && !inner.includes('%') && isIPv6(inner.slice(5));
}

/**
 * Labels of letters, digits, underscores and inner hyphens with single dots between them. Of several labels the last must be alphabetic or
 * punycode, and one alone not a number: what looks like an IPv4 address is no name.
 */
function isDomain(domain: string, utf8: boolean): boolean {
  if (!utf8 || !hasEightBitOctets(domain)) return isAsciiDomain(domain);
  const ascii = domainInAscii(domain);
  return ascii !== undefined && isAsciiDomain(ascii);
}

function isAsciiDomain(domain: string): boolean {
  let start = 0;
  let before = DOT;
  /** What the label in progress has. */
  let letters = false;
  let others = false;
  for (let i = 0; i < domain.length; i++) {
    const code = domain.charCodeAt(i);
    if (code === DOT) {
      if (before === DOT || before === HYPHEN || i - start > LONGEST_LABEL) return false;
      start = i + 1;
      letters = false;
      others = false;
    } else if (code === HYPHEN) {
      if (before === DOT) return false;
    } else if ((code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a)) letters = true;
    else if ((code >= 0x30 && code <= 0x39) || code === UNDERSCORE) others = true;
    else return false;
    before = code;
  }
  if (before === DOT || before === HYPHEN || domain.length - start > LONGEST_LABEL) return false;
  if (!others) return true;
  return start === 0 ? letters || !/^[0-9]+$/.test(domain) : /^xn--[A-Za-z0-9-]+$/i.test(domain.slice(start));
}
