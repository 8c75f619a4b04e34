// Which name servers are asked, in which order: option dns-servers, else the `nameserver` lines of resolv.conf (read again when the
// file changes), else 127.0.0.1. Remembers which of them do not answer and which do not know EDNS.
import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { readHostPort } from '../net/host-list.ts';
import type { Clock, RandomInteger } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import { type Options, splitList } from '../options/options.ts';
import { Server } from './server.ts';

export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

const DNS_PORT = 53;

/** Option dns-servers, whose form options/ has checked: `address`, `address:port`, `[v6]` or `[v6]:port`. */
export function parseServers(text: string): readonly ServerAddress[] {
  const servers: ServerAddress[] = [];
  for (const item of splitList(text)) {
    const parts = readHostPort(item);
    if (parts !== undefined && isIP(parts.host) !== 0)
      servers.push({ address: parts.host, port: parts.port ?? DNS_PORT });
  }
  return servers;
}

/** The `nameserver` lines of a resolv.conf(5), in order; lines without an address are left out. */
export function parseResolvConf(text: string): readonly ServerAddress[] {
  const servers: ServerAddress[] = [];
  for (const line of text.split('\n')) {
    const address = /^nameserver[ \t]+(\S+)/.exec(line)?.[1];
    if (address !== undefined && isIP(address) !== 0) servers.push({ address, port: DNS_PORT });
  }
  return servers;
}

/** How often the file is looked at for changes, in ms. */
const CHECK_INTERVAL = 10_000;

export interface ServerListParts {
  readonly options: Options;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: RandomInteger;
  readonly resolvConf: string;
}

export class ServerList {
  readonly #parts: ServerListParts;
  #servers: readonly Server[] = [];
  #fileText = '';
  #fileStamp = 0;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #checking = false;
  #turn = 0;

  constructor(parts: ServerListParts) {
    this.#parts = parts;
  }

  /** Reads resolv.conf when no option names servers; queries wait for nothing after this. */
  async load(): Promise<void> {
    if (!this.#configured) await this.#readFile();
    this.#useServers();
  }

  /** Whether option dns-servers, which does not change after start, names servers. */
  get #configured(): boolean {
    return this.#parts.options.values['dns-servers'] !== '';
  }

  /**
   * The servers in the order in which one query should ask them: as configured, or beginning with the next one each time (option
   * dns-round-robin); those that did not answer lately come last, except for one query now and then that tries them.
   */
  order(): readonly Server[] {
    this.#refresh();
    const servers = this.#servers;
    if (servers.length < 2) return servers;
    const turn = this.#parts.options.values['dns-round-robin'] ? this.#turn++ % servers.length : 0;
    const rotated = turn === 0 ? servers : [...servers.slice(turn), ...servers.slice(0, turn)];
    const now = this.#parts.clock.monotonic();
    const usable = rotated.filter((server) => server.claim(now));
    return usable.length === rotated.length
      ? usable
      : [...usable, ...rotated.filter((s) => !usable.includes(s))];
  }

  #refresh(): void {
    if (this.#configured || this.#checking) return;
    if (this.#parts.clock.monotonic() - this.#checkedAt < CHECK_INTERVAL) return;
    // In the background: this query uses what is known.
    void this.#readFile().then(() => this.#useServers());
  }

  #useServers(): void {
    const { options } = this.#parts;
    const named = this.#configured
      ? parseServers(options.values['dns-servers'])
      : parseResolvConf(this.#fileText);
    const wanted = named.length > 0 ? named : [{ address: '127.0.0.1', port: DNS_PORT }];
    // A server that stays keeps what is known about it.
    this.#servers = wanted.map(
      ({ address, port }) =>
        this.#servers.find((server) => server.address === address && server.port === port) ??
        new Server(address, port, this.#parts),
    );
  }

  async #readFile(): Promise<void> {
    const { resolvConf, log, clock } = this.#parts;
    this.#checking = true;
    try {
      const { mtimeMs } = await stat(resolvConf);
      if (mtimeMs !== this.#fileStamp) {
        this.#fileText = await readFile(resolvConf, 'latin1');
        this.#fileStamp = mtimeMs;
        if (parseResolvConf(this.#fileText).length === 0) {
          log.write('warning', `${resolvConf} names no name server; asking 127.0.0.1`);
        }
      }
    } catch (error) {
      if (this.#fileStamp !== -1) {
        log.write(
          'warning',
          `cannot read ${resolvConf}: ${String(error)}; asking ${this.#fileText === '' ? '127.0.0.1' : 'the servers it named'}`,
        );
      }
      this.#fileStamp = -1;
    } finally {
      this.#checkedAt = clock.monotonic();
      this.#checking = false;
    }
  }
}
