// The paths of MAIL and RCPT (RFC 5321 section 4.1.2), as lenient as the original where that is harmless, and without its faults: quoted
// local parts may hold blanks, address literals and punycode top-level domains are addresses, and the domain is the one behind the last
// `@`, whatever stands in quotes or in a source route. Pure and linear.
import { isIPv4, isIPv6 } from 'node:net';
import { isBlank, trimBlanks } from '../command-parser.ts';
import type { ErrorName } from '../reply-table.ts';

export interface PathRules {
  /** Option rfc2821-angle-brackets. */
  readonly angleBrackets: boolean;
  /** Option rfc2821-local-length. */
  readonly localLength: boolean;
  /** Option rfc2821-domain-length. */
  readonly domainLength: boolean;
}

export interface Path {
  /** As the client wrote it, without the brackets; '' for the null path. */
  readonly address: string;
  /** `address` with the domain in lower case; a literal stays as it was written. */
  readonly normal: string;
  /** Lower case; '' for the null path and for an address without a domain. A literal keeps its brackets. */
  readonly domain: string;
}

export type ParsedPath =
  /** `rest`: what stands behind the path, the parameters. */
  | { readonly kind: 'path'; readonly path: Path; readonly rest: string }
  | { readonly kind: 'error'; readonly error: ErrorName };

export type PathRole = 'sender' | 'recipient';

const bad = (error: ErrorName): ParsedPath => ({ kind: 'error', error });

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x3c;
const CLOSE = 0x3e;
const AT = 0x40;

/** Reads the path at the beginning of `text` (which has no blanks in front and is not empty). */
export function parsePath(text: string, role: PathRole, rules: PathRules): ParsedPath {
  const extent = findPath(text);
  if (extent === undefined) return bad('brackets');
  if (rules.angleBrackets && !(text.charCodeAt(0) === OPEN && extent.depth === 1 && extent.start === 1)) {
    return bad('path');
  }
  const inner = text.slice(extent.start, extent.end);
  const address = rules.angleBrackets ? inner : trimBlanks(inner, 0, inner.length);
  const rest = trimBlanks(text, extent.after, text.length);
  return parseAddress(address, rest, role, rules);
}

interface Extent {
  /** The innermost path. */
  readonly start: number;
  readonly end: number;
  /** The first character behind the outermost bracket, or behind the word when there are none. */
  readonly after: number;
  /** How deep the brackets go; 0 without any. */
  readonly depth: number;
}

/**
 * Where the path is; undefined when the brackets do not match. Brackets in quotes or behind a backslash do not count. A blank outside of
 * quotes may only stand next to a bracket.
 */
function findPath(text: string): Extent | undefined {
  let depth = 0;
  /** Inside of brackets: something was there, and then a blank. */
  let begun = false;
  let interrupted = false;
  let deepest = 0;
  let start = 0;
  let end = -1;
  let quoted = false;
  let i = 0;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (depth > 0 && !quoted) {
      if (isBlank(code)) interrupted = begun;
      else if (interrupted && code !== CLOSE) return undefined;
      else begun = true;
    }
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) quoted = !quoted;
    else if (quoted) continue;
    else if (code === OPEN) {
      depth++;
      deepest++;
      begun = false;
      start = i + 1;
      end = -1;
    } else if (code === CLOSE) {
      if (depth === 0) return undefined;
      if (end < 0) end = i;
      if (--depth === 0) return { start, end, after: i + 1, depth: deepest };
    } else if (depth === 0 && isBlank(code)) break;
  }
  if (depth !== 0 || quoted) return undefined;
  return { start: 0, end: Math.min(i, text.length), after: Math.min(i, text.length), depth: 0 };
}

function parseAddress(address: string, rest: string, role: PathRole, rules: PathRules): ParsedPath {
  const found = (domain: string, domainStart: number): ParsedPath => {
    const named = domain !== '' && !domain.startsWith('[');
    const normal = named ? address.slice(0, domainStart) + domain : address;
    return { kind: 'path', path: { address, normal, domain }, rest };
  };
  if (address === '') return found('', 0);
  const localStart = skipRoute(address);
  if (typeof localStart === 'string') {
    return bad(localStart === 'route' ? 'route' : role === 'sender' ? 'senderDomain' : 'rcptDomain');
  }
  const localEnd = skipLocal(address, localStart);
  if (localEnd < 0) return bad(role === 'sender' ? 'senderLocal' : 'rcptLocal');
  if (rules.localLength && localEnd - localStart > 64) return bad('localLength');
  const domainStart = localEnd + 1;
  if (domainStart >= address.length) {
    return rules.angleBrackets && role === 'sender' ? bad('senderIncomplete') : found('', 0);
  }
  const domain = address.slice(domainStart);
  if (rules.domainLength && domain.length > 255) return bad('domainLength');
  if (!isLiteral(domain) && !isDomain(domain, role === 'sender')) {
    return bad(role === 'sender' ? 'senderDomain' : 'rcptDomain');
  }
  return found(lower(domain), domainStart);
}

/** ASCII only: bytes above 127 are no letters here. */
function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Behind a source route (`@a.example,@b.example:`), or 0 when there is none; RFC 5321 appendix C. */
function skipRoute(address: string): number | 'route' | 'domain' {
  if (address.charCodeAt(0) !== AT) return 0;
  let at = 0;
  for (;;) {
    if (address.charCodeAt(at) !== AT) return 'route';
    let end = at + 1;
    while (end < address.length && isDomainCode(address.charCodeAt(end))) end++;
    if (end === at + 1) return 'route';
    if (!isDomain(address.slice(at + 1, end), true)) return 'domain';
    if (address[end] === ':') return end + 1;
    if (address[end] !== ',') return 'route';
    at = end + 1;
  }
}

/** The end of the local part, where `@` or the end of the address is; -1 when there is no valid one. */
function skipLocal(address: string, start: number): number {
  let i = start;
  if (address.charCodeAt(i) === QUOTE) {
    for (i++; i < address.length && address.charCodeAt(i) !== QUOTE; i++) {
      if (address.charCodeAt(i) === BACKSLASH) i++;
      if (i >= address.length || isControl(address.charCodeAt(i))) return -1;
    }
    if (i >= address.length) return -1;
    i++;
  } else {
    for (; i < address.length; i++) {
      const code = address.charCodeAt(i);
      if (code === BACKSLASH) {
        i++;
        if (i >= address.length || isControl(address.charCodeAt(i)) || address.charCodeAt(i) > 0x7e)
          return -1;
      } else if (!isLocalCode(code)) break;
    }
    if (i === start) return -1;
  }
  return i === address.length || address.charCodeAt(i) === AT ? i : -1;
}

function isControl(code: number): boolean {
  return code < 0x20 || code === 0x7f;
}

function isLocalCode(code: number): boolean {
  return code > 0x20 && code < 0x7f && !'"(),:;<>@[\\]'.includes(String.fromCharCode(code));
}

function isDomainCode(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x5f ||
    code >= 0x80
  );
}

/** `[1.2.3.4]` or `[IPv6:...]`, RFC 5321 section 4.1.3. */
function isLiteral(domain: string): boolean {
  if (!domain.startsWith('[') || !domain.endsWith(']')) return false;
  const inner = domain.slice(1, -1);
  if (isIPv4(inner)) return true;
  return /^ipv6:/i.test(inner) && !inner.includes('%') && isIPv6(inner.slice(5));
}

/**
 * A name of labels (letters, digits, hyphens, underscores, bytes above 127) with single dots between them; a dot at either end is
 * tolerated. With an inner dot the last label must be alphabetic or punycode, so that a bare IPv4 address is none.
 */
function isDomain(domain: string, needsDot: boolean): boolean {
  if (domain.includes('..')) return false;
  for (let i = 0; i < domain.length; i++) if (!isDomainCode(domain.charCodeAt(i))) return false;
  const end = domain.endsWith('.') ? domain.length - 1 : domain.length;
  const lastDot = domain.lastIndexOf('.', end - 1);
  if (lastDot < 1) return !needsDot && end > 0 && domain !== '.';
  const top = domain.slice(lastDot + 1, end);
  return /^[A-Za-z-]+$/.test(top) || /^xn--[A-Za-z0-9-]+$/i.test(top);
}
