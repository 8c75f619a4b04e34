// Removes from a message what claims to be our Authentication-Results (RFC 8601 5): a header that came with it and that readers behind us would
// take for ours. Names of headers are read as all of the list reads them, so that none hides behind a blank or a comment.

import { splitList } from '../base/lists.ts';
import { claimsToBeOurs } from '../mail-auth/auth-results/claim.ts';
import { NetworkList } from '../net-address/network-list.ts';
import type { HeaderList } from './header/header-list.ts';

export const resultsHeader = 'Authentication-Results';

/** Those that came with the message, or also those that the policy has put in. */
export type Whose = 'received' | 'all';

/** How many were removed. `ids`: our names. */
export function removeForged(headers: HeaderList, ids: readonly string[], whose: Whose): number {
  const forged: number[] = [];
  let instance = 0;
  for (const value of headers.values(resultsHeader)) {
    instance++;
    if (!claimsToBeOurs(value, ids)) continue;
    const place = headers.find(resultsHeader, instance);
    if (whose === 'all' || place === undefined || !headers.isEdit(place.index)) forged.push(instance);
  }
  for (const instance of forged.reverse()) headers.delete(resultsHeader, instance);
  return forged.length;
}

/** Whether the headers of this client stay: `hosts` is a text of option authres-trusted-hosts. */
export function maySpeakForUs(hosts: string, client: string): boolean {
  return hosts !== '' && new NetworkList(splitList(hosts)).contains(client);
}
