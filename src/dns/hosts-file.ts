// Addresses of host names from hosts(5), as every mail server honours them for its next hops. Read again when it is older than a few
// seconds; asked only by Resolver.addresses, never for look-ups of a policy.
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';

/** How long, in ms, what was read is used. */
const FRESH = 10_000;

export class HostsFile {
  readonly #path: string;
  readonly #clock: Clock;
  #hosts: ReadonlyMap<string, readonly string[]> = new Map();
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** The addresses of `host` (lower case, no final dot), IPv4 first; empty when the file does not know it. `localhost` always is known. */
  async find(host: string): Promise<readonly string[]> {
    if (this.#clock.monotonic() - this.#readAt > FRESH) {
      // A missing file is an empty one.
      this.#hosts = parseHosts(await readFile(this.#path, 'latin1').catch(() => ''));
      this.#readAt = this.#clock.monotonic();
    }
    const found = this.#hosts.get(host) ?? (isLocalhost(host) ? ['127.0.0.1', '::1'] : []);
    return [
      ...found.filter((address) => isIP(address) === 4),
      ...found.filter((address) => isIP(address) === 6),
    ];
  }
}

/** RFC 6761 section 6.3: never asked for. */
function isLocalhost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const host = name.toLowerCase();
      const known = hosts.get(host);
      if (known === undefined) hosts.set(host, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return hosts;
}
