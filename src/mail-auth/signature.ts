// What DKIM-Signature and ARC-Message-Signature say about a message, read from the header (RFC 6376 3.5, 6.1.1; RFC 8617 4.1.2). Both have the
// same tags; where they differ, `kind` says which. Pure.
import { lowerAscii } from '../base/ascii.ts';
import { domainInAscii } from '../net-address/idn.ts';
import { decodeBase64 } from '../text/base64.ts';
import { type Algorithm, algorithmOf } from './algorithm.ts';
import type { BodyHashKey } from './body-hash.ts';
import type { Canonicalization } from './canonical-header.ts';
import { isDomainName } from './domain-name.ts';
import { maxSignedNames } from './signed-names.ts';
import { colonList, parseTagList, type TagList } from './tag-list.ts';

export type SignatureKind = 'dkim' | 'arc';

export type SignatureFault =
  | 'syntax'
  | 'version'
  | 'algorithm'
  | 'canonicalisation'
  | 'query'
  | 'from_not_signed'
  | 'identity'
  | 'expired'
  | 'limit';

/** What can be told of a signature even when it is of no use. */
export interface SignatureFacts {
  readonly domain: string | undefined;
  readonly selector: string | undefined;
  readonly identity: string | undefined;
  readonly algorithm: string | undefined;
  readonly signedHeaders: readonly string[];
  readonly time: number | undefined;
  readonly expires: number | undefined;
  readonly b: string;
}

export interface Signature {
  readonly kind: 'signature';
  readonly facts: SignatureFacts;
  readonly domain: string;
  readonly selector: string;
  /** The domain of i= is below d=. */
  readonly isSubdomain: boolean;
  readonly algorithm: Algorithm;
  readonly header: Canonicalization;
  readonly body: BodyHashKey;
  readonly bodyHash: Buffer;
  readonly signature: Buffer;
  /** The field with its b= emptied, as it is signed. */
  readonly unsigned: string;
}

export interface FaultySignature {
  readonly kind: 'fault';
  readonly fault: SignatureFault;
  readonly facts: SignatureFacts;
}

/** A longer signature header is not read: real ones have less than a kilobyte, or some with z=. */
export const maxSignatureOctets = 32_768;

/** Names in h=; ours have no more either. */
const maxNames = maxSignedNames;

const noFacts: SignatureFacts = {
  domain: undefined,
  selector: undefined,
  identity: undefined,
  algorithm: undefined,
  signedHeaders: [],
  time: undefined,
  expires: undefined,
  b: '',
};

/** A header that is too long, or one too many, is not looked at. */
export const unreadSignature: FaultySignature = { kind: 'fault', fault: 'limit', facts: noFacts };

/** `field` is the whole header with its name, `valueAt` behind its colon. */
export function readSignature(
  kind: SignatureKind,
  field: string,
  valueAt: number,
): Signature | FaultySignature {
  if (field.length > maxSignatureOctets) return unreadSignature;
  const tags = parseTagList(field, valueAt);
  if (tags === undefined) return { kind: 'fault', fault: 'syntax', facts: noFacts };
  return judge(kind, field, tags, factsOf(tags));
}

function factsOf(tags: TagList): SignatureFacts {
  const text = (name: string): string | undefined => tags.get(name)?.value;
  const domain = text('d');
  const lower = domain === undefined ? undefined : lowerAscii(domain);
  const names = text('h');
  return {
    domain: lower,
    selector: text('s'),
    identity: identityOf(text('i'), lower),
    algorithm: text('a'),
    signedHeaders: names === undefined ? [] : colonList(lowerAscii(names), maxNames + 1),
    time: secondsOf(text('t')),
    expires: secondsOf(text('x')),
    b: bare(text('b') ?? '').slice(0, 8),
  };
}

function judge(
  kind: SignatureKind,
  field: string,
  tags: TagList,
  facts: SignatureFacts,
): Signature | FaultySignature {
  const fault = (word: SignatureFault): FaultySignature => ({ kind: 'fault', fault: word, facts });
  const text = (name: string): string | undefined => tags.get(name)?.value;
  const version = text('v');
  if (kind === 'dkim' && version !== '1') return fault(version === undefined ? 'syntax' : 'version');
  const { domain, selector } = facts;
  const b = tags.get('b');
  const [algorithmName, h, bh] = [text('a'), text('h'), text('bh')];
  if (domain === undefined || selector === undefined || b === undefined) return fault('syntax');
  if (algorithmName === undefined || h === undefined || bh === undefined) return fault('syntax');
  if (facts.signedHeaders.length > maxNames) return fault('limit');
  const algorithm = algorithmOf(algorithmName);
  if (algorithm === undefined) return fault('algorithm');
  const forms = canonicalizations(text('c'), kind);
  if (forms === undefined) return fault('canonicalisation');
  if (!isDomainName(domain) || !isDomainName(selector) || domain.length + selector.length > 253 - 12)
    return fault('syntax');
  const signature = decodeBase64(b.value);
  const bodyHash = decodeBase64(bh);
  if (signature === undefined || bodyHash === undefined) return fault('syntax');
  const numbers = ['t', 'x'].every((name) => text(name) === undefined || secondsOf(text(name)) !== undefined);
  const l = text('l');
  if (!numbers || (l !== undefined && !/^[0-9]{1,76}$/.test(l))) return fault('syntax');
  const where = kind === 'dkim' ? whereFault(facts, text('i'), text('q')) : undefined;
  if (where !== undefined) return fault(where);
  const { time, expires } = facts;
  if (time !== undefined && expires !== undefined && expires <= time) return fault('expired');
  return {
    kind: 'signature',
    facts,
    domain,
    selector,
    isSubdomain: kind === 'dkim' && isBelow(domainOf(facts.identity ?? ''), domain),
    algorithm,
    header: forms[0],
    body: {
      canonicalization: forms[1],
      hash: algorithm.hash,
      length: l === undefined ? undefined : Number(l),
    },
    bodyHash,
    signature,
    unsigned: withoutValue(field, b),
  };
}

/** What only a DKIM-Signature has to fulfil: its h=, i= and q=. */
function whereFault(
  facts: SignatureFacts,
  i: string | undefined,
  q: string | undefined,
): SignatureFault | undefined {
  if (facts.signedHeaders.some((name) => !/^[!-9;-~]+$/.test(name)))
    return facts.signedHeaders.includes('from') ? 'syntax' : 'from_not_signed';
  if (!facts.signedHeaders.includes('from')) return 'from_not_signed';
  const { domain = '', identity = '' } = facts;
  if (i !== undefined && !i.includes('@')) return 'syntax';
  const of = domainOf(identity);
  if (of !== domain && !(isDomainName(of) && isSameOrBelow(of, domain))) return 'identity';
  if (q !== undefined && !colonList(q).includes('dns/txt')) return 'query';
  return undefined;
}

/** Header and body. Without c= of an ARC-Message-Signature relaxed is assumed for both, as the known test suite does (spec A7). */
function canonicalizations(
  value: string | undefined,
  kind: SignatureKind,
): readonly [Canonicalization, Canonicalization] | undefined {
  if (value === undefined) return kind === 'dkim' ? ['simple', 'simple'] : ['relaxed', 'relaxed'];
  const [header, body = 'simple', ...more] = value.split('/');
  const isForm = (word: string | undefined): word is Canonicalization =>
    word === 'simple' || word === 'relaxed';
  return isForm(header) && isForm(body) && more.length === 0 ? [header, body] : undefined;
}

/** i= with its quoted-printable made octets (RFC 6376 2.11), the domain in lower case. */
function identityOf(i: string | undefined, domain: string | undefined): string | undefined {
  if (i === undefined) return domain === undefined ? undefined : `@${domain}`;
  const at = i.lastIndexOf('@');
  if (at < 0) return i;
  const local = bare(i.slice(0, at)).replace(/=([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return `${local}@${lowerAscii(i.slice(at + 1))}`;
}

const domainOf = (identity: string): string => identity.slice(identity.lastIndexOf('@') + 1);

/** The name is the domain or stands below it. U-labels and A-labels, in capitals or not, are one name (RFC 8616 section 5). */
export function isSameOrBelow(name: string, domain: string): boolean {
  const [of, d] = [domainInAscii(name), domainInAscii(domain)];
  return of !== undefined && d !== undefined && (of === d || of.endsWith(`.${d}`));
}

/** Of a name that is one of the two. */
const isBelow = (name: string, domain: string): boolean =>
  name !== domain && domainInAscii(name) !== domainInAscii(domain);

/** Seconds; undefined when it is no number. As many digits as no clock reaches are one. */
function secondsOf(value: string | undefined): number | undefined {
  return value !== undefined && /^[0-9]{1,20}$/.test(value) ? Number(value) : undefined;
}

export const bare = (value: string): string => value.replace(/[ \t\r\n]+/g, '');

/** The field with the value of a tag deleted, the white space around it too (RFC 6376 3.5, b=). */
export function withoutValue(field: string, tag: { readonly start: number; readonly end: number }): string {
  return field.slice(0, tag.start) + field.slice(tag.end);
}
