// The shadow policy of a process that serves (option shadow-script): a policy that is shown its sessions when they are over. A reload starts the new one
// beside the old; both are processes of their own, and nothing waits for them.
import type { Clock, RandomInteger, ReadLoopTime } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type ShownPercent, ShownSessions } from '../observe/record/shown-sessions.ts';
import type { PolicySource } from '../ops/revision.ts';
import { type ShadowChild, ShadowKeeper } from '../ops/shadow-keeper.ts';
import { frameOf } from '../ops/shadow-messages.ts';
import type { Options } from '../options/options.ts';
import { findScript } from './start-checks.ts';

export interface ShadowParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: RandomInteger;
  readonly loop: ReadLoopTime;
  /** Ours, as replies have it. */
  readonly hostName: string;
  /** `mebibytes`: what the part of it that is no Lua may take. */
  readonly fork: (mebibytes: number) => ShadowChild;
}

/** One that has been started and is shown nothing yet. */
export interface PreparedShadow {
  readonly kind: 'prepared';
  /** It takes the place of the one before. */
  take(): void;
  giveUp(): void;
}

export type PrepareShadow = PreparedShadow | { readonly kind: 'failed'; readonly message: string };

/** One at work. */
interface Shown {
  readonly keeper: ShadowKeeper;
  readonly sessions: ShownSessions;
}

const none = (take: () => void): PreparedShadow => ({ kind: 'prepared', take, giveUp: () => undefined });

export class Shadow {
  readonly #parts: ShadowParts;
  #shown: Shown | undefined;
  /** Those that are to end. */
  readonly #ending = new Set<Promise<void>>();

  constructor(parts: ShadowParts) {
    this.#parts = parts;
  }

  /** The policy as it was read; undefined: there is none. */
  get source(): PolicySource | undefined {
    return this.#shown?.keeper.source;
  }

  /** Starts the one that `options` name; `source`, when another process has read it. It is shown nothing before `take`. */
  async prepare(options: Options, source?: PolicySource): Promise<PrepareShadow> {
    const { clock, fork, hostName, log } = this.#parts;
    const script = options.values['shadow-script'];
    const percent = {
      all: options.values['shadow-percent'],
      busy: options.values['shadow-percent-busy'],
    };
    if (script === '' || percent.all === 0) return none(() => this.#replace(undefined));
    const found =
      source === undefined
        ? await findScript(options, 'shadow-script')
        : { kind: 'found' as const, path: source.path, more: (source.more ?? []).map(({ path }) => path) };
    if (found.kind === 'missing') return { kind: 'failed', message: found.problem };
    const { more, path } = found;
    const its = options.fork();
    its.set('host-name', hostName, 'shadow-script');
    const keeper = new ShadowKeeper({
      ...{ clock, log, script, begin: { options: its.toTexts(), path, more, source } },
      fork: () => fork(options.values['shadow-max-memory']),
      mostMemory: () => options.values['shadow-max-memory'],
    });
    const start = await keeper.start();
    if (start.kind === 'wrong') {
      await keeper.stop();
      return { kind: 'failed', message: `shadow-script: ${start.problem}` };
    }
    return {
      kind: 'prepared',
      take: () => this.#replace({ keeper, sessions: this.#show(keeper, percent) }),
      giveUp: () => this.#end(keeper.stop()),
    };
  }

  /** Ends it; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#replace(undefined);
    await Promise.all(this.#ending);
  }

  #show(keeper: ShadowKeeper, percent: ShownPercent): ShownSessions {
    const { clock, log, loop, random } = this.#parts;
    return new ShownSessions({ bus: log.bus, clock, loop, random }, percent, {
      over: ({ client, session, text }) => keeper.show({ id: session, client, frame: frameOf(text) }),
      skip: (cause) => keeper.skip(cause),
      unplayable: () => log.emit('shadow-judged', { result: 'skipped', count: 1 }),
    });
  }

  #replace(shown: Shown | undefined): void {
    const old = this.#shown;
    this.#shown = shown;
    if (old === undefined) return;
    old.sessions.close();
    this.#end(old.keeper.stop());
  }

  #end(ending: Promise<void>): void {
    this.#ending.add(ending);
    void ending.then(() => this.#ending.delete(ending));
  }
}
