// The servers that a policy names for clamd and spamd, tried in order (API text "Services Framework"): parsing, and a short memory of
// those that could not be reached so that a dead first server does not cost every message its time-out.
import { isIP, isIPv4 } from 'node:net';
import { readHostPort } from '../net/host-list.ts';
import type { Clock } from '../ops/clock.ts';

export type Target =
  | { readonly kind: 'unix'; readonly text: string; readonly path: string }
  | { readonly kind: 'tcp'; readonly text: string; readonly host: string; readonly port: number };

export type HostListOutcome =
  | { readonly kind: 'hosts'; readonly targets: readonly Target[] }
  | { readonly kind: 'invalid'; readonly error: string };

const EXPECTED =
  'an absolute socket path, an address, a host name, or one of the last two with :port ([...]:port for IPv6)';

function readTarget(text: string, defaultPort: number): Target | undefined {
  if (text.includes('\0')) return undefined;
  if (text.startsWith('/')) return { kind: 'unix', text, path: text };
  const parts = readHostPort(text);
  if (parts === undefined) return undefined;
  return { kind: 'tcp', text, host: parts.host, port: parts.port ?? defaultPort };
}

/**
 * Reads a host list: an array, or one string whose items are separated by blanks, commas or semicolons. `defaultPort` is for items
 * without a port. One item that is no host makes the list invalid: leaving it out silently would hide a mistake.
 */
export function readHostList(list: string | readonly string[], defaultPort: number): HostListOutcome {
  const items = (typeof list === 'string' ? list.split(/[\s,;]+/) : list).filter((item) => item !== '');
  if (items.length === 0) return { kind: 'invalid', error: 'the host list is empty' };
  const targets: Target[] = [];
  for (const item of items) {
    const target = readTarget(item, defaultPort);
    if (target === undefined) {
      return { kind: 'invalid', error: `${JSON.stringify(item)} is not a host: ${EXPECTED} expected` };
    }
    targets.push(target);
  }
  return { kind: 'hosts', targets };
}

/** True when a server behind this target sees our files by their path: a socket path, or this host or loopback by address. */
export function sharesFiles(target: Target): boolean {
  if (target.kind === 'unix') return true;
  if (isIPv4(target.host)) return target.host.startsWith('127.') || target.host === '0.0.0.0';
  return isIP(target.host) === 6 && (target.host === '::1' || target.host === '::');
}

/** How long a server that could not be reached is tried last. */
const AVOID_MS = 10_000;
const MAX_REMEMBERED = 1000;

/** Which targets failed lately, for the whole process. */
export class HostHealth {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The target could not be reached: it is tried last for 10 seconds. */
  failed(target: Target): void {
    const key = keyOf(target);
    this.#until.delete(key);
    if (this.#until.size >= MAX_REMEMBERED) {
      for (const oldest of this.#until.keys()) {
        this.#until.delete(oldest);
        break;
      }
    }
    this.#until.set(key, this.#clock.monotonic() + AVOID_MS);
  }

  /** The target answered. */
  worked(target: Target): void {
    this.#until.delete(keyOf(target));
  }

  /** The targets in the order to try them: as given, but those that failed lately behind the others. */
  order(targets: readonly Target[]): readonly Target[] {
    if (this.#until.size === 0) return targets;
    const now = this.#clock.monotonic();
    const bad = new Set<Target>();
    for (const target of targets) {
      const until = this.#until.get(keyOf(target));
      if (until === undefined) continue;
      if (until > now) bad.add(target);
      else this.#until.delete(keyOf(target));
    }
    return bad.size === 0
      ? targets
      : [...targets.filter((target) => !bad.has(target)), ...targets.filter((target) => bad.has(target))];
  }
}

function keyOf(target: Target): string {
  return target.kind === 'unix' ? target.path : `${target.host} ${target.port}`;
}
