// An SMTP server for specs: sessions over streams in memory, so that every chunk arrives as it was sent. The policy is a fake one, or a
// real one given by whoever makes the rig. Nothing is looked up or forwarded unless the spec says so.
import { type Duplex, duplexPair } from 'node:stream';
import { serverDeps } from '../../src/app.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import type { DeliveryOutcome } from '../../src/delivery/port/delivery.ts';
import type { SmartHost, SmartHostDelivery } from '../../src/delivery/smart-host.ts';
import { SpoolStore } from '../../src/message/spool.ts';
import { LocalCounters } from '../../src/net/connection-counters.ts';
import type { Peer } from '../../src/net/peer.ts';
import { type Counters, countEvents, newCounters } from '../../src/observe/counters.ts';
import type { ListenFlag } from '../../src/options/listen-list.ts';
import { createOptions } from '../../src/options/option-set.ts';
import type { OptionName } from '../../src/options/option-table.ts';
import type { Options } from '../../src/options/options.ts';
import type { Policy } from '../../src/policy/instance.ts';
import type { NextHopName } from '../../src/smtp/protocol/extension-table.ts';
import { createServer, type SmtpServer } from '../../src/smtp/server/server.ts';
import type { ServerDeps } from '../../src/smtp/server/server-deps.ts';
import { type FakeHooks, type FakeInstance, FakePolicy } from './fake-policy.ts';
import { peerAt } from './peer.ts';

export interface RigSettings {
  readonly hooks?: FakeHooks;
  /** Instead of hooks. */
  readonly policy?: Policy;
  readonly options?: Readonly<Partial<Record<OptionName, string>>>;
  readonly optionSet?: Options;
  readonly clock?: Clock;
  /** The name of each client address; '' or absent: none. A function may make it wait. */
  readonly reverse?: (address: string) => Promise<string | undefined>;
  readonly confirms?: (host: string, address: string) => Promise<boolean>;
  readonly smartHost?: (delivery: SmartHostDelivery, signal: AbortSignal) => Promise<DeliveryOutcome>;
  /** What the next hops have offered last. */
  readonly nextHopOffers?: readonly NextHopName[];
  readonly deps?: Partial<ServerDeps>;
}

export const HOST = 'mx.example';

export class SmtpRig {
  readonly deps: ServerDeps;
  readonly server: SmtpServer;
  readonly log = new RecordLog();
  readonly counters: Counters = newCounters();
  readonly spools: SpoolStore;
  readonly options: Options;
  readonly policy: Policy;
  readonly limits = new LocalCounters();
  readonly delivered: SmartHostDelivery[] = [];

  constructor(settings: RigSettings = {}) {
    this.policy = settings.policy ?? new FakePolicy(settings.hooks ?? {});
    this.options =
      settings.optionSet ??
      createOptions({
        'dns-client-timeout': '0',
        'smtp-auth-delay': '0',
        'spool-dir': '/nonexistent',
        'smtp-forward-at': 'dot',
        ...settings.options,
      });
    const { smartHost } = settings;
    const forwarder: SmartHost = {
      configured: () => smartHost !== undefined,
      answersEach: () => false,
      learn: () => undefined,
      recipientsAtMost: () => Number.POSITIVE_INFINITY,
      offers: (name) => settings.nextHopOffers?.includes(name) === true,
      forward: (delivery, signal) => {
        this.delivered.push(delivery);
        if (smartHost === undefined) throw new Error('no smart host in this rig');
        return smartHost(delivery, signal);
      },
      ask: () => {
        throw new Error('this rig asks its smart host at the dot only');
      },
    };
    const deps: ServerDeps = {
      ...serverDeps({
        options: this.options,
        log: this.log,
        clock: settings.clock ?? systemClock,
        random: (limit) => Math.floor(limit / 2),
        policy: () => this.policy,
        resolver: {
          reverse: settings.reverse ?? (() => Promise.resolve(undefined)),
          confirms: settings.confirms ?? (() => Promise.resolve(false)),
        },
        smartHost: forwarder,
        spools: new SpoolStore(),
        hostName: HOST,
        limits: this.limits,
      }),
      ...settings.deps,
    };
    this.spools = deps.spools;
    countEvents(deps.log.bus, this.counters);
    this.deps = deps;
    this.server = createServer(deps);
  }

  /** The last connection's instance of a fake policy. */
  get instance(): FakeInstance {
    const instance = this.policy instanceof FakePolicy ? this.policy.instances.at(-1) : undefined;
    if (instance === undefined) throw new Error('no instance yet');
    return instance;
  }

  /** Names of the hooks called on the last connection. */
  get hookNames(): readonly string[] {
    return this.instance.calls.map(([name]) => name);
  }

  connect(address = '192.0.2.1', interactive = false, localAddress = '192.0.2.25'): RigClient {
    const [ours, theirs] = duplexPair();
    const over = this.server.serve(theirs, peerAt(address, { localAddress }), interactive);
    return new RigClient(ours, over, theirs);
  }

  /** A session of a listener with these flags; resolves when it is over. */
  serveAt(stream: Duplex, peer: Peer, flags: readonly ListenFlag[]): Promise<void> {
    return this.server.serve(stream, peer, false, new Set(flags));
  }

  /** A client that has read the banner. */
  async greeted(address?: string): Promise<RigClient> {
    const client = this.connect(address);
    await client.reply();
    return client;
  }

  /** Messages of the log, for short comparisons. */
  get said(): readonly string[] {
    return this.log.lines.map((line) => line.message);
  }
}

const LAST_LINE = /^\d{3}(?: [^\n]*)?\r\n$/;

export class RigClient {
  readonly stream: Duplex;
  /** Resolves when the session is over. */
  readonly over: Promise<void>;
  received = '';
  /** The server has closed its side. */
  ended = false;
  readonly #server: Duplex;
  #wake: (() => void) | undefined;

  /** `server`: the other end of `stream`. */
  constructor(stream: Duplex, over: Promise<void>, server: Duplex) {
    this.stream = stream;
    this.over = over;
    this.#server = server;
    stream.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.#wake?.();
    });
    const end = (): void => {
      this.ended = true;
      this.#wake?.();
    };
    stream.on('end', end);
    stream.on('close', end);
    stream.on('error', end);
  }

  send(...chunks: readonly (string | Buffer)[]): void {
    for (const chunk of chunks)
      this.stream.write(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
  }

  /** The client resets the connection, as one does that closes its socket with something unread. */
  reset(): void {
    const error = { code: 'ECONNRESET', errno: -104, syscall: 'read' };
    this.#server.destroy(Object.assign(new Error('read ECONNRESET'), error));
  }

  /** The next complete reply with its line ends, or what is left when the server has closed. */
  async reply(): Promise<string> {
    for (;;) {
      const whole = this.#takeReply();
      if (whole !== undefined) return whole;
      if (this.ended) return this.#takeAll();
      await this.#more();
    }
  }

  /** Sends a line and gives its reply. */
  command(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.reply();
  }

  /** Several of them, in order; gives the replies. */
  async commands(...lines: readonly string[]): Promise<readonly string[]> {
    const replies: string[] = [];
    for (const line of lines) replies.push(await this.command(line));
    return replies;
  }

  /** EHLO to 354: an open message. */
  async openMessage(): Promise<void> {
    const replies = await this.commands(
      'EHLO c.example',
      'MAIL FROM:<a@b.example>',
      'RCPT TO:<c@d.example>',
      'DATA',
    );
    if (!replies.at(-1)?.startsWith('354')) throw new Error(`no 354: ${replies.join('')}`);
  }

  /** Everything until the server closes. */
  async rest(): Promise<string> {
    while (!this.ended) await this.#more();
    return this.#takeAll();
  }

  /** QUIT, and waits for the end of the session. */
  async quit(): Promise<string> {
    this.send('QUIT\r\n');
    const text = await this.rest();
    this.stream.end();
    await this.over;
    return text;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #takeAll(): string {
    const all = this.received;
    this.received = '';
    return all;
  }

  #takeReply(): string | undefined {
    let at = 0;
    for (;;) {
      const end = this.received.indexOf('\n', at);
      if (end < 0) return undefined;
      const line = this.received.slice(at, end + 1);
      at = end + 1;
      if (!LAST_LINE.test(line)) continue;
      const whole = this.received.slice(0, at);
      this.received = this.received.slice(at);
      return whole;
    }
  }
}
