// The whole server in this process, assembled by src/app.ts as the daemon does it: real Lua, real sockets on 127.0.0.1, a policy given as
// text. Lets specs look at what it holds, so that they can say that nothing was left behind.
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { duplexPair } from 'node:stream';
import { type App, createApp } from '../../src/app.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { Log } from '../../src/base/log.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { LocalCounters } from '../../src/net/connection-counters.ts';
import type { InboundTls } from '../../src/net/inbound-tls.ts';
import { RecentLines, RecentLog } from '../../src/ops/recent-log.ts';
import { createOptions, type GivenTexts } from '../../src/options/option-set.ts';
import { CurrentPolicy } from '../../src/policy/current-policy.ts';
import type { Ports } from '../../src/ports.ts';
import type { SmtpServer } from '../../src/smtp/server/server.ts';
import { peerAt } from './peer.ts';
import { SmtpClient } from './smtp-client.ts';
import { RigClient } from './smtp-rig.ts';

export interface WholeServerSettings {
  readonly policy?: string;
  /** Further files beside the policy, by name; `require` finds them. */
  readonly files?: Readonly<Record<string, string>>;
  readonly options?: GivenTexts;
  /** Those of the files that are policies too, behind the first, in this order. */
  readonly more?: readonly string[];
  /** Those of the files that are authentication scripts. */
  readonly authScripts?: readonly string[];
  /** Those that are push scripts. */
  readonly pushScripts?: readonly string[];
  /** Those that are scripts for Rumble. */
  readonly loadScripts?: readonly string[];
  readonly clock?: Clock;
  /** Whom it reaches instead of the network and the machine. */
  readonly ports?: Partial<Ports>;
  /** TLS with clients. */
  readonly tls?: InboundTls;
  /** Keep debug lines of the dialogue too. */
  readonly verbose?: boolean;
  /** Where the lines go instead of RecordLog; `log` and `said` see nothing then. */
  readonly writeTo?: Log;
}

/** What the server holds. All counts are those of an idle server again when everything was given back. */
export interface Holdings {
  readonly sessions: number;
  readonly connections: number;
  /** Messages with a place. */
  readonly spools: number;
  /** Files in the spool directory. */
  readonly files: readonly string[];
  /** Lua threads in use. */
  readonly threads: number;
  /** Tables and functions that TypeScript holds in Lua's registry: every connection has some. (Strings are names, kept once.) */
  readonly anchored: number;
  /** Files that policies have open. */
  readonly openFiles: number;
  /** Connections kept to next hops. */
  readonly idle: number;
  /** Descriptors of the process. */
  readonly descriptors: number;
  /** What keeps the process alive, by kind: TCPSocketWrap=2 Timeout=1 ... */
  readonly resources: Readonly<Record<string, number>>;
}

/** Has this process a connected UDP socket? The kernel's state of one is that of an established connection. */
async function asksNames(): Promise<boolean> {
  const connected = new Set<string>();
  for (const table of ['/proc/self/net/udp', '/proc/self/net/udp6']) {
    const text = await readFile(table, 'latin1').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] === '01') connected.add(`socket:[${fields[9]}]`);
    }
  }
  if (connected.size === 0) return false;
  for (const name of await readdir('/proc/self/fd')) {
    const target = await readlink(`/proc/self/fd/${name}`).catch(() => '');
    if (connected.has(target)) return true;
  }
  return false;
}

export class WholeServer {
  readonly app: App;
  readonly current: CurrentPolicy;
  readonly server: SmtpServer;
  readonly log: RecordLog;
  readonly limits: LocalCounters;
  /** Removed by stop; has the policy and the spool directory. */
  readonly directory: string;
  readonly spool: string;

  private constructor(
    app: App,
    current: CurrentPolicy,
    server: SmtpServer,
    places: { log: RecordLog; limits: LocalCounters; directory: string; spool: string },
  ) {
    this.app = app;
    this.current = current;
    this.server = server;
    this.log = places.log;
    this.limits = places.limits;
    this.directory = places.directory;
    this.spool = places.spool;
  }

  static async start(settings: WholeServerSettings = {}): Promise<WholeServer> {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-whole-'));
    const spool = join(directory, 'spool');
    await mkdir(spool);
    const script = join(directory, 'policy.lua');
    for (const [name, text] of Object.entries({
      'policy.lua': settings.policy ?? '',
      ...settings.files,
    })) {
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), text, 'latin1');
    }
    const log = new RecordLog(settings.verbose === true ? ['smtp', 'debug', 'info', 'warn'] : []);
    const options = createOptions({
      'host-name': 'mx.example',
      'smtp-server-address': '127.0.0.1',
      'smtp-server-port': '0',
      'dns-client-timeout': '0',
      'dns-servers': '127.0.0.1:9',
      'rate-global': '0',
      'smtp-auth-delay': '0',
      'limit-client-connections': '0',
      'spool-dir': spool,
      ...(settings.authScripts && {
        'auth-script': settings.authScripts.map((name) => join(directory, name)).join(' '),
      }),
      ...(settings.pushScripts && {
        'push-script': settings.pushScripts.map((name) => join(directory, name)).join(' '),
      }),
      ...(settings.loadScripts && {
        'load-script': settings.loadScripts.map((name) => join(directory, name)).join(' '),
      }),
      ...settings.options,
    });
    const limits = new LocalCounters();
    const recent = new RecentLines(settings.clock ?? systemClock, 200);
    const app = await createApp(
      {
        options,
        log: settings.loadScripts === undefined ? (settings.writeTo ?? log) : new RecentLog(log, recent),
        recent,
        onBroken: (reason) => log.write('emerg', `broken: ${reason}`),
      },
      { ...(settings.clock && { clock: settings.clock }), ...settings.ports },
    );
    const fail = async (message: string): Promise<never> => {
      app.close();
      await rm(directory, { recursive: true, force: true });
      throw new Error(message);
    };
    const scripts = await app.authScripts.prepare(options);
    if (scripts.kind === 'failed') return fail(scripts.message);
    scripts.take();
    const push = await app.pushScripts.prepare(options);
    if (push.kind === 'failed') return fail(push.message);
    push.take();
    app.loadScripts.openDoors({ limits });
    const loaded = await app.loadScripts.prepare(options);
    if (loaded.kind === 'failed') return fail(loaded.message);
    loaded.take();
    const started = await CurrentPolicy.start(
      app.place({ path: script, more: (settings.more ?? []).map((name) => join(directory, name)) }),
    );
    if (started.kind === 'failed') return fail(started.message);
    const server = app.server(started.current, limits, { tls: settings.tls });
    await server.listen();
    return new WholeServer(app, started.current, server, { log, limits, directory, spool });
  }

  get port(): number {
    const [endpoint] = this.server.endpoints;
    if (endpoint === undefined) throw new Error('not listening');
    return endpoint.port;
  }

  /** A client over a stream in memory: every write arrives as one chunk. */
  inMemory(address = '192.0.2.1'): RigClient {
    const [ours, theirs] = duplexPair();
    return new RigClient(ours, this.server.serve(theirs, peerAt(address), false), theirs);
  }

  /** A client over TCP that has not read the banner yet. */
  connect(localAddress?: string): Promise<SmtpClient> {
    return SmtpClient.connect(this.port, localAddress);
  }

  /** A client that has read the banner. */
  async greeted(localAddress?: string): Promise<SmtpClient> {
    const client = await this.connect(localAddress);
    await client.reply();
    return client;
  }

  /** Replaces the policy's text and reloads it, as SIGHUP does. */
  async reload(policy: string): Promise<'ready' | 'failed'> {
    await writeFile(join(this.directory, 'policy.lua'), policy, 'latin1');
    return (await this.current.reload()).kind;
  }

  async holdings(): Promise<Holdings> {
    const { engine, spools } = this.app;
    engine.collect();
    const { threads, anchored } = engine.holdings();
    const resources: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo().toSorted())
      resources[kind] = (resources[kind] ?? 0) + 1;
    return {
      sessions: this.server.sessions,
      connections: this.limits.total,
      spools: spools.size,
      files: await readdir(this.spool),
      threads,
      anchored,
      openFiles: engine.openFiles,
      idle: this.app.idleConnections,
      descriptors: (await readdir('/proc/self/fd')).length,
      resources,
    };
  }

  /** Waits until what the server holds does not change any more, and gives that. Sockets to name servers stay open for a second. */
  async settled(): Promise<Holdings> {
    for (let last = ''; ; ) {
      const now = await this.holdings();
      const text = JSON.stringify(now);
      // Behind it: what closes a file that was read is counted, too.
      if (text === last && now.sessions === 0 && !(await asksNames())) return now;
      last = text;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Waits until no session is left. */
  async quiet(): Promise<void> {
    while (this.server.sessions > 0) await turn();
  }

  /**
   * Waits until what the server holds is `before` again, and gives what it holds then; after `patienceMs` what it holds instead, so that
   * expect shows the difference.
   */
  async backTo(before: Holdings, patienceMs = 8000): Promise<Holdings> {
    const end = performance.now() + patienceMs;
    const wanted = JSON.stringify(before);
    for (;;) {
      const now = await this.holdings();
      if (JSON.stringify(now) === wanted || performance.now() > end) return now;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Bytes that Lua holds after a full collection. */
  luaBytes(): number {
    this.app.engine.collect();
    return this.app.engine.memoryUse().lua;
  }

  /** Lines of the log that match. */
  said(pattern: RegExp): readonly string[] {
    return this.log.lines
      .map((line) => `${line.level} ${line.message} ${JSON.stringify(line.fields)}`)
      .filter((text) => pattern.test(text));
  }

  /** Resolves with the first line, past or to come, that matches. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const [found] = this.said(pattern);
      if (found !== undefined) return found;
      await turn();
    }
  }

  async spoolFile(name: string): Promise<Buffer> {
    return readFile(join(this.spool, name));
  }

  async stop(graceSeconds = 0): Promise<void> {
    await Promise.all([this.server.close(graceSeconds), this.app.loadScripts.stop(graceSeconds)]);
    this.app.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Lets sockets and timers have their turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
