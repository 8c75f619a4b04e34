// Which name servers are asked, in which order: option dns-servers, else the `nameserver` lines of resolv.conf (read again when the
// file changes), else 127.0.0.1. Remembers which of them do not answer and which do not know EDNS.
import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock, RandomInteger } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import { type Options, splitList } from '../options/options.ts';
import { Server } from './server.ts';

export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

export type ParsedServers =
  | { readonly kind: 'servers'; readonly servers: readonly ServerAddress[] }
  | { readonly kind: 'invalid'; readonly item: string };

/** Option dns-servers: `address`, `address:port`, `[v6]` or `[v6]:port`, separated by blanks, commas or semicolons. */
export function parseServers(text: string): ParsedServers {
  const servers: ServerAddress[] = [];
  for (const item of splitList(text)) {
    const parts = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(item) ?? /^([^:]+):(\d{1,5})$/.exec(item);
    const address = parts?.[1] ?? item;
    const port = Number(parts?.[2] ?? 53);
    if (isIP(address) === 0 || port < 1 || port > 65_535) return { kind: 'invalid', item };
    servers.push({ address, port });
  }
  return { kind: 'servers', servers };
}

/** The `nameserver` lines of a resolv.conf(5), in order; lines without an address are left out. */
export function parseResolvConf(text: string): readonly ServerAddress[] {
  const servers: ServerAddress[] = [];
  for (const line of text.split('\n')) {
    const address = /^nameserver[ \t]+(\S+)/.exec(line)?.[1];
    if (address !== undefined && isIP(address) !== 0) servers.push({ address, port: 53 });
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
  /** What `#servers` was made of: the text of the option, or of the file. */
  #optionText: string | undefined;
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
    if (this.#parts.options.values['dns-servers'] === '') await this.#readFile();
    this.#useOption();
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
    const text = this.#parts.options.values['dns-servers'];
    if (text !== this.#optionText) this.#useOption();
    if (text !== '' || this.#checking) return;
    const now = this.#parts.clock.monotonic();
    if (now - this.#checkedAt < CHECK_INTERVAL) return;
    // In the background: this query uses what is known.
    void this.#readFile().then(() => this.#useOption());
  }

  #useOption(): void {
    const text = this.#parts.options.values['dns-servers'];
    this.#optionText = text;
    const parsed = parseServers(text);
    if (parsed.kind === 'invalid') {
      this.#parts.log.write(
        'err',
        `dns-servers: ${JSON.stringify(parsed.item)} is no address or address:port; the option is ignored`,
      );
    }
    let wanted = parsed.kind === 'servers' ? parsed.servers : [];
    if (wanted.length === 0) wanted = parseResolvConf(this.#fileText);
    if (wanted.length === 0) wanted = [{ address: '127.0.0.1', port: 53 }];
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
