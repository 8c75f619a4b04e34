// DMARC policy records (RFC 9989 4.7). Only what decides about a message is read; of the reporting addresses only whether one is valid. Pure.
import { type DmarcPolicy, dmarcPolicies } from './result.ts';

export interface DmarcRecord {
  /** As published; latin1. */
  readonly text: string;
  /** False: it has its place in the tree, but where it is the policy record there is no DMARC for the message (4.10.1). */
  readonly isValid: boolean;
  /** For the domain itself, for names below it, for names below it that do not exist. */
  readonly own: DmarcPolicy;
  readonly subdomains: DmarcPolicy;
  readonly missing: DmarcPolicy;
  /** Alignment is of names and not of organisational domains. */
  readonly isSpfStrict: boolean;
  readonly isDkimStrict: boolean;
  /** psd=y: a public suffix; psd=n: an organisational domain. */
  readonly psd: 'y' | 'n' | 'u';
  readonly testing: boolean;
}

/** Longer ones are none: no tag needs so much. */
const longest = 16_384;

/** v=DMARC1 comes first and is written so; blanks around its `=` are allowed. */
const version = /^[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/;

/** The record among the TXT records of `_dmarc.`; two are none. */
export function selectDmarcRecord(texts: readonly string[]): DmarcRecord | undefined {
  const records = texts.filter((text) => version.test(text));
  return records.length === 1 ? parseDmarcRecord(records[0] ?? '') : undefined;
}

export function parseDmarcRecord(text: string): DmarcRecord | undefined {
  if (!version.test(text) || text.length > longest) return undefined;
  const tags = new Map<string, string>();
  for (const tag of text.split(';').slice(1)) {
    const equals = tag.indexOf('=');
    const name = trim(tag.slice(0, Math.max(0, equals))).toLowerCase();
    if (name !== '' && !tags.has(name)) tags.set(name, trim(tag.slice(equals + 1)));
  }
  const word = (name: string): string | undefined => tags.get(name)?.toLowerCase();
  const read = (name: string): DmarcPolicy | undefined | 'wrong' => {
    const given = word(name);
    return given === undefined ? undefined : (dmarcPolicies.find((known) => known === given) ?? 'wrong');
  };
  const own = read('p');
  const subdomains = read('sp');
  const missing = read('np');
  const psd = word('psd');
  const rest = {
    text,
    isSpfStrict: word('aspf') === 's',
    isDkimStrict: word('adkim') === 's',
    psd: psd === 'y' || psd === 'n' ? psd : 'u',
    testing: word('t') === 'y',
  } as const;
  if (own === undefined || own === 'wrong' || subdomains === 'wrong' || missing === 'wrong') {
    // Somebody who wants reports is watching already (4.10.1).
    const isValid = hasValidUri(tags.get('rua') ?? '');
    return { isValid, own: 'none', subdomains: 'none', missing: 'none', ...rest };
  }
  return {
    isValid: true,
    own,
    subdomains: subdomains ?? own,
    missing: missing ?? subdomains ?? own,
    ...rest,
  };
}

/** RFC 3986, with the obsolete size behind `!`. */
function hasValidUri(list: string): boolean {
  return list.split(',').some((part) => {
    const uri = trim(part);
    return /^mailto:[^@\s]+@[^@\s]+$/i.test(uri) || /^[a-z][a-z0-9+.-]*:\/\/[!-~]+$/i.test(uri);
  });
}

/** White space here is SP and TAB; octet A0 is part of a letter. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start++;
  while (end > start && isBlank(text[end - 1])) end--;
  return text.slice(start, end);
}

const isBlank = (character: string | undefined): boolean => character === ' ' || character === '\t';
