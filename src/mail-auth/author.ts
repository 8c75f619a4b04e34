// Who wrote a message (RFC 9989 4.4, 5.3.1): the domain of the addresses in its From headers, as text/address-list reads them. Display names,
// comments and encoded words never count. What is no list of addresses has no author: readers would disagree about it. Pure; texts are
// latin1, and time is linear in them.
import { checkName } from '../dns/name.ts';
import { readAddressList } from '../text/address-list.ts';
import { isDomainName } from './domain-name.ts';

export type Author =
  | {
      readonly kind: 'author';
      /** A-labels, lower case. */
      readonly domain: string;
      /** The first address: local part as it is written, `@`, domain. */
      readonly address: string;
    }
  /** No From, no address in it, or an address literal; no list of addresses; addresses of several domains. */
  | { readonly kind: 'no_author' }
  | { readonly kind: 'syntax' }
  | { readonly kind: 'several_authors' };

/** Octets of all From headers that are read; a message with more has no author. */
const longest = 65_536;

/** `values`: what stands behind the colon of each From header, with its folding. */
export function authorOf(values: readonly string[]): Author {
  let address: string | undefined;
  let domain: string | undefined;
  /** How it was written. */
  let known: string | undefined;
  let isLiteral = false;
  let octets = 0;
  for (const value of values) {
    octets += value.length;
    const read = octets > longest ? undefined : readAddressList(value);
    if (read?.kind !== 'list') return { kind: 'syntax' };
    for (const mailbox of read.mailboxes) {
      if (mailbox.domain === known) continue;
      if (mailbox.domain.startsWith('[')) {
        isLiteral = true;
        continue;
      }
      const name = asName(mailbox.domain);
      if (name === undefined) return { kind: 'syntax' };
      if (domain !== undefined && name !== domain) return { kind: 'several_authors' };
      domain = name;
      known = mailbox.domain;
      address ??= `${mailbox.localPart}@${name}`;
    }
  }
  if (domain === undefined || address === undefined) return { kind: 'no_author' };
  return isLiteral ? { kind: 'several_authors' } : { kind: 'author', domain, address };
}

function asName(text: string): string | undefined {
  const checked = checkName(text);
  return checked.kind === 'name' && isDomainName(checked.name) ? checked.name.toLowerCase() : undefined;
}
