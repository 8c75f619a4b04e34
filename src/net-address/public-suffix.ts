// Where the public suffix of a domain begins, by the Public Suffix List of tldts: registries (com, co.uk) and companies that hand out
// names below their own (blogspot.com, uk.com), as lists of two-level domains for blocklist look-ups do. Behind net.*_tld and the
// URI parser. Names may be in ASCII, punycode or UTF-8.
import { parse } from 'tldts';
import { Remembered } from '../base/remembered.ts';

/** More octets than any suffix has: what is further left does not matter. */
const LONGEST = 255;
const MOST_LABELS = 10;
const listOptions = {
  allowPrivateDomains: true,
  extractHostname: false,
  validateHostname: false,
  detectIp: false,
} as const;

/** RFC 7686: in the list, but never in DNS. */
const notInDns = new Set(['onion']);

/** Offset of the last `labels` labels; -1 when there are fewer. */
function lastLabels(domain: string, labels: number): number {
  let at = domain.length;
  for (let n = 0; n < labels; n++) {
    if (at < 0 || domain.length - at > LONGEST) return -1;
    at = at === 0 ? -1 : domain.lastIndexOf('.', at - 1);
    if (at < 0 && n < labels - 1) return -1;
  }
  return at + 1;
}

function toLookup(text: string): string {
  const ascii = /^[\x00-\x7f]*$/.test(text);
  return (ascii ? text : Buffer.from(text, 'latin1').toString('utf8')).toLowerCase();
}

/** The list's suffix of a name, lower-cased; undefined when no rule applies. */
function suffixOf(name: string): string | undefined {
  const result = parse(name, listOptions);
  if (result.publicSuffix === null || !(result.isIcann || result.isPrivate)) return undefined;
  return notInDns.has(result.publicSuffix) ? undefined : result.publicSuffix;
}

function withoutRootDot(domain: string): string {
  return domain.endsWith('.') ? domain.slice(0, -1) : domain;
}

/** The same few domains stand in most mail, and one of a message is looked up in several places. */
const knownIndices = new Remembered<number>(2048, 128);

/** Offset (from 0) of the longest suffix in the list that the text ends with; -1 when there is none. */
export const suffixIndex = (text: string): number => knownIndices.of(text, findSuffix);

function findSuffix(text: string): number {
  const domain = withoutRootDot(text);
  if (domain === '') return -1;
  // The last labels, as many as a suffix can have.
  let from = domain.length;
  for (let n = 0, dot = domain.length; n < MOST_LABELS && dot > 0 && domain.length - dot <= LONGEST; n++) {
    dot = domain.lastIndexOf('.', dot - 1);
    from = dot + 1;
  }
  from = Math.max(from, domain.length - LONGEST);
  const suffix = suffixOf(toLookup(domain.slice(from)));
  if (suffix === undefined) return -1;
  const at = lastLabels(domain, suffix.split('.').length);
  return at >= 0 && at < domain.length ? at : -1;
}

/** Offset (from 0) of the last `level` labels when they are, together, a suffix in the list; else -1. */
export function suffixIndexAtLevel(text: string, level: number): number {
  const domain = withoutRootDot(text);
  const at = lastLabels(domain, level);
  if (at < 0 || at >= domain.length) return -1;
  const labels = toLookup(domain.slice(at));
  if (labels.startsWith('.') || labels.includes('..')) return -1;
  return suffixOf(labels) === labels ? at : -1;
}

/**
 * What somebody has registered: the suffix and one label in front of it, of a name in ASCII and lower case without a dot at the end. A name
 * that is such a suffix itself (github.io) is what its company has registered; undefined for com, co.uk and names in no known top-level domain.
 */
export function registeredDomain(name: string): string | undefined {
  const at = suffixIndex(name);
  if (at < 0) return undefined;
  if (at > 0) {
    const before = name.lastIndexOf('.', at - 2) + 1;
    return before < at - 1 ? name.slice(before) : undefined;
  }
  return parse(name, { ...listOptions, allowPrivateDomains: false }).domain ?? undefined;
}
