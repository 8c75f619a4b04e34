// The servers that a policy names for clamd and spamd, tried in order (doc/reference/service.md): reading the list, and
// which of them see our files.

import { isIP, isIPv4 } from 'node:net';
import { splitList } from '../base/lists.ts';
import { healthKey } from '../net/host-health.ts';
import { readServiceTarget, type ServiceTarget } from '../net-address/host-list.ts';

export type HostListOutcome =
  | { readonly kind: 'hosts'; readonly targets: readonly ServiceTarget[] }
  | { readonly kind: 'invalid'; readonly error: string };

const EXPECTED =
  'an absolute socket path, an address, a host name, or one of the last two with :port ([...]:port for IPv6)';

/**
 * Reads a host list: an array, or one string whose items are separated by blanks, commas or semicolons. `defaultPort` is for items
 * without a port. One item that is no host makes the list invalid: leaving it out silently would hide a mistake.
 */
export function readHostList(list: string | readonly string[], defaultPort: number): HostListOutcome {
  const items = typeof list === 'string' ? splitList(list) : list.filter((item) => item !== '');
  if (items.length === 0) return { kind: 'invalid', error: 'the host list is empty' };
  const targets: ServiceTarget[] = [];
  for (const item of items) {
    const target = readServiceTarget(item, defaultPort);
    if (target === undefined) {
      return { kind: 'invalid', error: `${JSON.stringify(item)} is not a host: ${EXPECTED} expected` };
    }
    targets.push(target);
  }
  return { kind: 'hosts', targets };
}

/** True when a server behind this target sees our files by their path: a socket path, or this host or loopback by address. */
export function sharesFiles(target: ServiceTarget): boolean {
  if (target.kind === 'unix') return true;
  if (isIPv4(target.host)) return target.host.startsWith('127.') || target.host === '0.0.0.0';
  return isIP(target.host) === 6 && (target.host === '::1' || target.host === '::');
}

/** What a server is remembered by when it could not be reached. */
export function keyOf(target: ServiceTarget): string {
  return target.kind === 'unix' ? target.path : healthKey(target.host, target.port);
}
