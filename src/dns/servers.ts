// Which name servers are asked, in which order: option dns-servers, else the `nameserver` lines of resolv.conf (read again when the
// file changes), else 127.0.0.1. Remembers which of them do not answer and which do not know EDNS.

import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock, RandomInteger } from '../base/clock.ts';
import { splitList } from '../base/lists.ts';
import type { Log } from '../base/log.ts';
import { readHostPort } from '../net-address/host-list.ts';
import type { Options } from '../options/options.ts';
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
/** In the place of the stamp of a file that could not be read. */
const UNREADABLE = 'unreadable';

export interface ServerListParts {
  readonly options: Options;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: RandomInteger;
  readonly resolvConf: string;
  /** The servers are others now: resolv.conf has changed. */
  readonly changed?: () => void;
}

export class ServerList {
  readonly #parts: ServerListParts;
  #servers: readonly Server[] = [];
  /** The last text that named a server. */
  #fileText = '';
  #fileStamp = '';
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

  /** No server answers anything; what is asked now would wait in vain. False now and then, for one query that tries again. */
  silent(): boolean {
    const servers = this.#servers;
    if (!servers.every((server) => server.down)) return false;
    this.#refresh();
    const now = this.#parts.clock.monotonic();
    // All are claimed, so that each is asked whether it lives; whoever asked may try too.
    return servers.filter((server) => server.claim(now)).length === 0;
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }

  #refresh(): void {
    if (this.#configured || this.#checking) return;
    if (this.#parts.clock.monotonic() - this.#checkedAt < CHECK_INTERVAL) return;
    // In the background: this query begins with what is known, and goes on with what the file says once it is read.
    void this.#readFile().then((changed) => {
      if (!changed) return;
      this.#useServers();
      this.#parts.changed?.();
    });
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

  /** True when the file names other servers than before. A file that names none is being written: those it named stay. */
  async #readFile(): Promise<boolean> {
    const { resolvConf, log, clock } = this.#parts;
    this.#checking = true;
    try {
      const { mtimeNs, size, ino } = await stat(resolvConf, { bigint: true });
      const stamp = `${mtimeNs} ${size} ${ino}`;
      if (stamp === this.#fileStamp) return false;
      const text = await readFile(resolvConf, 'latin1');
      this.#fileStamp = stamp;
      if (parseResolvConf(text).length === 0) {
        const asked = this.#fileText === '' ? '127.0.0.1' : 'those it named before';
        log.emit('dns-file-empty', { file: resolvConf, asked });
        return false;
      }
      const changed = text !== this.#fileText;
      this.#fileText = text;
      return changed;
    } catch (error) {
      if (this.#fileStamp !== UNREADABLE) {
        const asked = this.#fileText === '' ? '127.0.0.1' : 'the servers it named';
        log.emit('dns-file-fault', { file: resolvConf, cause: String(error), asked });
      }
      this.#fileStamp = UNREADABLE;
      return false;
    } finally {
      this.#checkedAt = clock.monotonic();
      this.#checking = false;
    }
  }
}
