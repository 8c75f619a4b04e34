// The TXT record of a public key (RFC 6376 3.6.1, 8463 4). What is no such record is passed over by the caller. Pure.
import { colonList, parseTagList } from './tag-list.ts';

export interface KeyRecord {
  /** k=: rsa when absent. */
  readonly type: string;
  /** h=: the hashes that may be used; undefined for any. */
  readonly hashes: readonly string[] | undefined;
  /** s=: whether `email` or `*` is among them. */
  readonly isForMail: boolean;
  /** t=y */
  readonly isTesting: boolean;
  /** t=s: no subdomains in i=. */
  readonly isStrict: boolean;
  /** p= without white space: base64, empty for a key that was revoked. */
  readonly material: string;
}

/** Undefined for what is no key record. */
export function parseKeyRecord(text: string): KeyRecord | undefined {
  const tags = parseTagList(text);
  const material = tags?.get('p')?.value;
  if (tags === undefined || material === undefined) return undefined;
  const version = tags.get('v')?.value;
  if (version !== undefined && (version !== 'DKIM1' || tags.keys().next().value !== 'v')) return undefined;
  const hashes = tags.get('h');
  const flags = colonList(tags.get('t')?.value ?? '');
  const services = colonList(tags.get('s')?.value ?? '*');
  return {
    type: tags.get('k')?.value ?? 'rsa',
    hashes: hashes === undefined ? undefined : colonList(hashes.value),
    isForMail: services.includes('*') || services.includes('email'),
    isTesting: flags.includes('y'),
    isStrict: flags.includes('s'),
    material: material.replace(/[ \t\r\n]+/g, ''),
  };
}
