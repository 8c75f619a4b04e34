// What all transcripts share: one Lua engine with the modules they use, a spool, a way to forward, as one process has.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { NextHop, refusedPort } from '../../src/bench/ports/next-hop.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { NextHopOffers } from '../../src/delivery/port/next-hop-offers.ts';
import { createSmartHost, type SmartHost } from '../../src/delivery/smart-host.ts';
import { createLuaEngine, type LuaEngine } from '../../src/lua/engine.ts';
import { luaFunction } from '../../src/lua-api/function-spec.ts';
import { luaModule } from '../../src/lua-api/module-spec.ts';
import { bytes } from '../../src/lua-api/params.ts';
import { createMaildir } from '../../src/mailbox/maildir.ts';
import { ofThisProcess } from '../../src/mailbox/parts.ts';
import { SpoolStore } from '../../src/message/spool.ts';
import { clientModule } from '../../src/modules/client.ts';
import { headerModule } from '../../src/modules/header.ts';
import { netModule } from '../../src/modules/net.ts';
import { createServiceModule } from '../../src/modules/service/service.ts';
import { createSmtpModule } from '../../src/modules/smtp.ts';
import { smtpeModule } from '../../src/modules/smtpe.ts';
import { syslogModule } from '../../src/modules/syslog.ts';
import { HostHealth } from '../../src/net/host-health.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { readOptionWord } from '../../src/options/option-word.ts';
import type { Options } from '../../src/options/options.ts';
import { type LoadOutcome, loadPolicy } from '../../src/policy/loader.ts';
import { createServices } from '../../src/service/services.ts';
import { createSmtpClient } from '../../src/smtp/client/smtp-client.ts';
import { libLuaDirectory } from '../fakes/lua-engine.ts';
import { HOST } from '../fakes/smtp-rig.ts';
import { type Cut, Replay } from './replay.ts';
import { Bindings, type Transcript } from './transcript.ts';

/** What all transcripts share: one Lua engine, as one process has. */
export class Replayer {
  readonly spools = new SpoolStore();
  readonly directory = mkdtempSync(join(tmpdir(), 'smtpe-replay-'));
  readonly log = new RecordLog();
  /** Lines of the hook log, as JSON. */
  logged: string[] = [];
  engine: LuaEngine | undefined;
  readonly #prelude: string;
  readonly #base = createOptions();
  readonly #services = createServices({
    clock: systemClock,
    resolver: { addresses: () => Promise.resolve([]) },
  });
  readonly #mailer = createSmtpClient({
    options: this.#base,
    resolver: { addresses: (host) => Promise.resolve([host]) },
    clock: systemClock,
    log: this.log,
    helo: HOST,
  });

  constructor(prelude: string) {
    const sink = "hooklog.write('[' .. table.concat(o, ',') .. ']')";
    const changed = prelude.replace(
      /local f = io\.open\(os\.getenv\('HOOKLOG'\).*?\n.*?\n\s*f:close\(\)/s,
      () => sink,
    );
    if (changed === prelude) throw new Error('the prelude of the transcripts is not as expected');
    this.#prelude = changed;
  }

  async start(): Promise<void> {
    const hookLog = luaModule({
      name: 'hooklog',
      text: 'For this spec.',
      functions: [
        luaFunction({
          name: 'write',
          params: [bytes('line', 'A line.')],
          text: 'Keeps a line.',
          examples: [],
          call: (_, line) => {
            this.logged.push(line);
            return [];
          },
        }),
      ],
    });
    this.engine = await createLuaEngine({
      log: this.log,
      clock: systemClock,
      options: this.#base,
      modules: [
        clientModule,
        headerModule,
        netModule,
        createServiceModule({
          clock: systemClock,
          services: this.#services,
          spool: this.spools,
          nextId: () => '0'.repeat(18),
        }),
        smtpeModule(HOST),
        syslogModule,
        createSmtpModule({ mailer: this.#mailer, spool: this.spools }),
        hookLog,
      ],
      libLuaDirectory,
      files: { onPath: (path) => this.spools.find(path)?.onDiskSync() },
    });
  }

  stop(): void {
    this.engine?.close();
    this.#mailer.close();
    this.#services.close();
    rmSync(this.directory, { recursive: true });
  }

  /** What is not as expected, one line each. */
  async replay(transcript: Transcript, cut: Cut, seed: number): Promise<readonly string[]> {
    const { engine } = this;
    if (engine === undefined) throw new Error('not started');
    this.logged = [];
    this.log.lines.length = 0;
    const hops = await startHops(transcript);
    const names: Record<string, string> = { HOST, SPOOL: this.directory, DIR: 'policy' };
    hops.forEach((hop, i) => {
      names[`SINK${i + 1}`] = hop.target;
    });
    try {
      const run = new Replay(this, transcript, new Bindings(names), cut, seed);
      return await run.all(hops, names);
    } finally {
      for (const hop of hops) await hop.hop?.close();
    }
  }

  async load(source: string, name: string): Promise<LoadOutcome> {
    if (this.engine === undefined) throw new Error('not started');
    return loadPolicy(
      this.engine,
      { source: `${this.#prelude}\n${source}`, name },
      { revision: 1, luaPath: '', libLuaDirectory },
    );
  }

  options(words: readonly string[]): Options {
    const options = createOptions({
      'smtp-max-size': '0',
      'spool-dir': this.directory,
      'spool-memory': '262144',
      'smtp-xclient-hosts': '127.0.0.0/8',
      'smtp-forward-connections': '0',
      // As the original: the next hop hears of a message when it is complete.
      'smtp-forward-at': 'dot',
    });
    for (const word of words) {
      const read = readOptionWord(word);
      if (read.kind !== 'option') throw new Error(`not an option: ${word}`);
      const outcome = options.set(read.name, read.text, 'transcript');
      // smtp-default-at-dot=354 meant 451.
      if (outcome.kind !== 'set' && word !== 'smtp-default-at-dot=354')
        throw new Error(`${word}: ${outcome.kind}`);
    }
    return options;
  }

  smartHost(options: Options): SmartHost {
    return createSmartHost({
      options,
      mailer: this.#mailer,
      health: new HostHealth(systemClock),
      offers: new NextHopOffers(),
      maildir: createMaildir({
        ...ofThisProcess(),
        clock: systemClock,
        random: () => 1,
        hostName: HOST,
        processId: 1,
      }),
      log: this.log,
      clock: systemClock,
    });
  }
}

export interface Hop {
  readonly target: string;
  readonly hop: NextHop | undefined;
}

async function startHops(transcript: Transcript): Promise<readonly Hop[]> {
  const hops: Hop[] = [];
  for (const script of transcript.sinks ?? []) {
    if (script === 'refused') {
      hops.push({ target: `127.0.0.1:${await refusedPort()}`, hop: undefined });
    } else {
      const hop = await NextHop.start(script);
      hops.push({ target: hop.target, hop });
    }
  }
  return hops;
}
