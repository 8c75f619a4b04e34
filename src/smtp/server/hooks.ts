// The one way by which a session calls the policy: keeps the fields of the client table, calls hooks that exist, and reads what they
// answered (doc/hooks.md).

import type { Clock } from '../../base/clock.ts';
import type { Channel } from '../../base/events.ts';
import type { Log } from '../../base/log.ts';
import { chain, type Maybe } from '../../base/maybe.ts';
import type { LuaRecord, LuaValue, SliceBatch } from '../../lua-api/value.ts';
import type { HookName } from '../../policy/hook-table.ts';
import type { HookOutcome, HookWait, PolicyInstance } from '../../policy/instance.ts';
import { type HookAnswer, judge, resultWord, SILENT } from './hook-answer.ts';
import { HookTrace } from './hook-trace.ts';

export type { HookAnswer } from './hook-answer.ts';

export interface WaitingHook {
  readonly hook: HookName;
  /** Monotonic milliseconds. */
  readonly since: number;
}

/** What a session sees of a policy: hooks of one file (Hooks) or of several (HookChain). */
export interface PolicyHooks {
  readonly revision: number;
  /** Milliseconds that hooks have taken, waiting included. */
  readonly spent: number;
  /** What the session waits for, if it is a hook. */
  readonly waiting: WaitingHook | undefined;
  /** All that it waits for, where that is known; nothing of what a password may be in. */
  readonly waits: readonly HookWait[];
  has(name: HookName): boolean;
  /** It may ask who signed a message. */
  readonly verifies: boolean;
  /** Fields of the client table, set before the next hook runs; undefined removes one. */
  client(fields: LuaRecord): void;
  /** Drops a lazy field: the next read asks the session again. */
  forget(module: string, field: string): void;
  /** `sent`: the code of the reply that hook.reply is asked about. */
  call(name: HookName, args: readonly LuaValue[], sent?: number): Maybe<HookAnswer>;
  /** As call, with the lines of a batch; `done` of them were handed over. */
  callEach(name: HookName, batch: SliceBatch): Maybe<{ readonly done: number; readonly answer: HookAnswer }>;
  /** Runs a line of Lua in the session's environment (`+test`). */
  run(source: string): Maybe<HookOutcome>;
  /** What the compiler has against such a line; undefined: nothing. */
  problemOf(source: string): string | undefined;
  cancel(): void;
  close(): void;
}

export interface HooksParts {
  readonly log: Log;
  readonly clock: Clock;
  /** Of the policy. */
  readonly revision: number;
  /** A password may be in what a hook is given and returns now, so that it must not get into the log. */
  readonly secret: () => boolean;
  /** A text without the passwords of the session. */
  readonly hide: (text: string) => string;
  /** One of several files, as messages name it. */
  readonly file?: string;
}

export class Hooks implements PolicyHooks {
  readonly #instance: PolicyInstance;
  readonly #log: Log;
  readonly #secret: () => boolean;
  readonly #clock: Clock;
  readonly #trace: HookTrace;
  readonly #calls: Channel<'hook-called'>;
  /** Told of every hook: always the same object. */
  #called: { hook: string; result: string; seconds: number; processor: number } | undefined;
  readonly #file: string | undefined;
  readonly revision: number;
  spent = 0;
  /** The hook that waits for something; monotonic. */
  #waiting: WaitingHook | undefined;

  constructor(instance: PolicyInstance, { clock, file, hide, log, revision, secret }: HooksParts) {
    this.#file = file;
    this.#instance = instance;
    this.#log = log;
    this.#trace = new HookTrace(log, hide);
    this.#calls = log.bus.channel('hook-called');
    this.#clock = clock;
    this.#secret = secret;
    this.revision = revision;
  }

  get waiting(): WaitingHook | undefined {
    return this.#waiting;
  }

  get waits(): readonly HookWait[] {
    if (this.#waiting === undefined) return [];
    const waits = this.#instance.waits?.() ?? [];
    const [first] = waits;
    return first !== undefined && this.#secret() ? [{ ...first, what: first.function }] : waits;
  }

  has(name: HookName): boolean {
    return this.#instance.has(name);
  }

  get verifies(): boolean {
    return this.#instance.verifies;
  }

  client(fields: LuaRecord): void {
    this.#instance.setClient(fields);
  }

  forget(module: string, field: string): void {
    this.#instance.forget(module, field);
  }

  call(name: HookName, args: readonly LuaValue[], sent?: number): Maybe<HookAnswer> {
    const instance = this.#instance;
    const traced = this.#trace.on && instance.has(name);
    if (traced) this.#trace.begins(name, args, this.#secret(), instance.placeOf(name));
    const since = this.#clock.monotonic();
    const ranBefore = instance.resumedMs;
    const outcome = instance.call(name, args);
    // No closure for what is called for every line of a message.
    if (outcome instanceof Promise) return this.#later(name, outcome, sent, since, ranBefore);
    const answer = this.#read(name, outcome, sent);
    // What was begun in a trace is ended there.
    return traced || this.#hasRun(name, outcome) ? this.#measured(name, answer, since) : answer;
  }

  /** Whether Lua has run for it. The call has told: to ask for the hook before costs as much as the look-up of the call. */
  #hasRun(name: HookName, outcome: HookOutcome): boolean {
    if (outcome.kind === 'undefined') return outcome.asked === true;
    // An instance that is closed has no hooks, and cuts off whoever calls one.
    return outcome.kind !== 'cancelled' || this.#instance.has(name);
  }

  callEach(name: HookName, batch: SliceBatch): Maybe<{ readonly done: number; readonly answer: HookAnswer }> {
    const since = this.#clock.monotonic();
    return chain(this.#instance.callEach(name, batch), ({ done, outcome }) => {
      const ms = this.#clock.monotonic() - since;
      this.spent += ms;
      const answer = this.#read(name, outcome);
      if (this.#trace.on) this.#trace.lines(name, done, answer, ms);
      return { done, answer };
    });
  }

  run(source: string): Maybe<HookOutcome> {
    return this.#instance.run(source, '=stdin');
  }

  problemOf(source: string): string | undefined {
    return this.#instance.problemOf?.(source, '=stdin');
  }

  cancel(): void {
    this.#instance.cancel();
  }

  close(): void {
    this.#instance.close();
  }

  async #later(
    name: HookName,
    outcome: Promise<HookOutcome>,
    sent: number | undefined,
    since: number,
    ranBefore: number,
  ): Promise<HookAnswer> {
    const first = this.#clock.monotonic() - since;
    this.#waiting = { hook: name, since };
    const ended = await outcome;
    this.#waiting = undefined;
    const ran = first + this.#instance.resumedMs - ranBefore;
    return this.#measured(name, this.#read(name, ended, sent), since, ran);
  }

  /** `ran`: milliseconds that Lua has run, when that is not all the time. */
  #measured(name: HookName, answer: HookAnswer, since: number, ran?: number): HookAnswer {
    const ms = this.#clock.monotonic() - since;
    this.spent += ms;
    if (this.#trace.on) this.#trace.ends(name, answer, this.#secret(), ms);
    if (this.#calls.wanted(this.#log)) this.#tell(name, resultWord(answer), ms / 1000, (ran ?? ms) / 1000);
    return answer;
  }

  #tell(hook: HookName, result: string, seconds: number, processor: number): void {
    this.#called ??= { hook, result, seconds, processor };
    this.#called.hook = hook;
    this.#called.result = result;
    this.#called.seconds = seconds;
    this.#called.processor = processor;
    this.#calls.emit(this.#called, this.#log);
  }

  #read(name: HookName, outcome: HookOutcome, sent?: number): HookAnswer {
    if (outcome.kind === 'undefined') return SILENT;
    if (outcome.kind === 'returned' && outcome.reply === undefined && !outcome.drop) return SILENT;
    const at = sent === undefined ? { secret: this.#secret() } : { secret: this.#secret(), sent };
    const { answer, complaint } = judge(name, outcome, at);
    if (complaint !== undefined) {
      const where = this.#file === undefined ? '' : `${this.#file}: `;
      const fields = { message: where + complaint.message, hook: `hook.${name}` };
      this.#log.emit(complaint.useless ? 'result-useless' : 'result-fault', fields);
    }
    return answer;
  }
}
