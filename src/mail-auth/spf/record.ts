// SPF records (RFC 7208 4.5, 4.6, 5, 6, 12): which of a name's TXT records is one, and what stands in it. The whole record is read before
// anything is evaluated: a mistake behind the term that would match is a mistake. Pure.
import { Remembered } from '../../base/remembered.ts';
import { type Network, readBits, readNetwork4, readNetwork6 } from './address.ts';
import { type MacroString, readDomainSpec, readMacroString } from './macros.ts';
import type { SpfResultWord } from './result.ts';

/** How many bits of an address have to agree. */
export interface DualBits {
  readonly ip4: number;
  readonly ip6: number;
}

export type Mechanism =
  | { readonly kind: 'all' }
  | { readonly kind: 'include' | 'exists'; readonly domain: MacroString }
  /** Without a domain it is that of the record. */
  | { readonly kind: 'a' | 'mx'; readonly domain: MacroString | undefined; readonly bits: DualBits }
  | { readonly kind: 'ptr'; readonly domain: MacroString | undefined }
  | { readonly kind: 'ip'; readonly network: Network };

export interface Directive {
  /** As it stands in the record. */
  readonly text: string;
  readonly result: SpfResultWord;
  readonly mechanism: Mechanism;
}

export interface SpfRecord {
  readonly kind: 'record';
  readonly directives: readonly Directive[];
  readonly redirect: MacroString | undefined;
  readonly explanation: MacroString | undefined;
}

/** `cause` is in words, without a stranger's octets. */
export interface RecordMistake {
  readonly kind: 'mistake';
  readonly cause: string;
}

const mistake = (cause: string): RecordMistake => ({ kind: 'mistake', cause });

/** The record among the TXT records of a name; undefined when there is none. */
export function selectRecord(texts: readonly string[]): string | RecordMistake | undefined {
  const records = texts.filter((text) => /^v=spf1(?: |$)/i.test(text));
  return records.length > 1 ? mistake('several SPF records') : records[0];
}

const qualifiers: Readonly<Record<string, SpfResultWord>> = {
  '+': 'pass',
  '-': 'fail',
  '~': 'softfail',
  '?': 'neutral',
};

/** More than a record has whose terms say something: that of one with hundreds of `a` would take 38 KB. */
const MOST_KEPT = 40;

/** Most mail comes from few providers, whose records include each other. */
const known = new Remembered<SpfRecord | RecordMistake>(
  1024,
  512,
  (read) => read.kind === 'mistake' || read.directives.length <= MOST_KEPT,
);

export const parseRecord = (text: string): SpfRecord | RecordMistake => known.of(text, readRecord);

function readRecord(text: string): SpfRecord | RecordMistake {
  if (!/^[ -~]*$/.test(text)) return mistake('octets outside printable ASCII in the record');
  const directives: Directive[] = [];
  let redirect: MacroString | undefined;
  let explanation: MacroString | undefined;
  for (const term of text.split(' ').slice(1)) {
    if (term === '') continue;
    const name = /^([a-z][a-z0-9_.-]*)=/i.exec(term)?.[1]?.toLowerCase();
    if (name === undefined) {
      const directive = readDirective(term);
      if (directive === undefined) return mistake(`not a term: ${shown(term)}`);
      directives.push(directive);
      continue;
    }
    const value = term.slice(name.length + 1);
    const isOurs = name === 'redirect' || name === 'exp';
    const read = isOurs ? readDomainSpec(value) : readMacroString(value);
    if (read === undefined) return mistake(`not a modifier: ${shown(term)}`);
    if ((name === 'redirect' ? redirect : name === 'exp' ? explanation : undefined) !== undefined)
      return mistake(`${name}= twice`);
    if (name === 'redirect') redirect = read;
    if (name === 'exp') explanation = read;
  }
  return { kind: 'record', directives, redirect, explanation };
}

function readDirective(term: string): Directive | undefined {
  const [, sign = '', name = '', rest = ''] = /^([+?~-]?)([a-z0-9]+)(.*)$/i.exec(term) ?? [];
  const mechanism = readMechanism(name.toLowerCase(), rest);
  return mechanism && { text: term, result: qualifiers[sign] ?? 'pass', mechanism };
}

function readMechanism(name: string, rest: string): Mechanism | undefined {
  const value = rest.startsWith(':') ? rest.slice(1) : undefined;
  switch (name) {
    case 'all':
      return rest === '' ? { kind: 'all' } : undefined;
    case 'include':
    case 'exists': {
      const domain = value === undefined ? undefined : readDomainSpec(value);
      return domain && { kind: name, domain };
    }
    case 'a':
    case 'mx':
      return readHosts(name, rest);
    case 'ptr': {
      if (rest === '') return { kind: 'ptr', domain: undefined };
      const domain = value === undefined ? undefined : readDomainSpec(value);
      return domain && { kind: 'ptr', domain };
    }
    case 'ip4':
    case 'ip6': {
      const network = value === undefined ? undefined : (name === 'ip4' ? readNetwork4 : readNetwork6)(value);
      return network && { kind: 'ip', network };
    }
    default:
      return undefined;
  }
}

/** [":" domain-spec] [dual-cidr-length] */
function readHosts(kind: 'a' | 'mx', rest: string): Mechanism | undefined {
  const [cidr = '', four, six] = /(?:\/(\d{1,3}))?(?:\/\/(\d{1,3}))?$/.exec(rest.slice(-9)) ?? [];
  const spec = rest.slice(0, rest.length - cidr.length);
  const ip4 = four === undefined ? 32 : readBits(four, 32);
  const ip6 = six === undefined ? 128 : readBits(six, 128);
  if (ip4 === undefined || ip6 === undefined) return undefined;
  const bits = { ip4, ip6 };
  if (spec === '') return { kind, domain: undefined, bits };
  const domain = spec.startsWith(':') ? readDomainSpec(spec.slice(1)) : undefined;
  return domain && { kind, domain, bits };
}

/** For a cause: the record is printable ASCII already. */
const shown = (term: string): string => (term.length > 60 ? `${term.slice(0, 60)}...` : term);
