// Keeps the process of a shadow policy (option shadow-script) at work: shows it sessions, hears what became of them, starts it again when it has died, after
// a pause. Everything has a bound: sessions that wait, their octets, its memory, how long it may say nothing.
//
// Nobody who serves ever waits for it: what is too much is skipped, and counted.
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { CrashPause } from './crash-pause.ts';
import type { PolicySource } from './revision.ts';
import { beginFrame, type FromShadow, type ShadowBegin, type ShadowVerdict } from './shadow-messages.ts';

/** Sessions that wait for it, and their octets, those included that it has in hand. */
export const MOST_WAITING = 500;
export const MOST_OCTETS = 16 * 1024 * 1024;
/** Sessions, and octets, that it is shown at once. */
const BATCH = 32;
const BATCH_OCTETS = 2 * 1024 * 1024;
/** Between two goes, unless there are enough for one: a write and an answer for each session took longer than the session itself. */
export const GATHER_MS = 200;
/** How long it may take until it is ready, and for one session. */
const START_MS = 60_000;
const PATIENCE_MS = 60_000;
const LOOK_MS = 1000;
/** Skipped sessions are told of so often. */
const TELL_MS = 60_000;
const SHORTEST_PAUSE = 1000;
const MEBIBYTE = 1024 * 1024;

/** A process as the keeper sees it; made by ops/fork-shadow, or by a test. */
export interface ShadowChild {
  readonly pid: number;
  send(frames: readonly Buffer[]): void;
  /** At once. */
  kill(): void;
  /** Octets that it has in memory; undefined: nobody knows. */
  memory(): Promise<number | undefined>;
  onMessage(listener: (message: FromShadow) => void): void;
  /** Called once, when nothing of it is left; also when it could not be started at all. */
  onExit(listener: (cause: string) => void): void;
}

/** A session that is over, as the shadow is shown it. */
export interface ShownSession {
  readonly id: string;
  readonly client: string;
  readonly frame: Buffer;
}

export interface ShadowKeeperParts {
  readonly fork: () => ShadowChild;
  readonly begin: ShadowBegin;
  /** As option shadow-script has it. */
  readonly script: string;
  /** MiB that the process may have; asked when it is looked at. */
  readonly mostMemory: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

export type ShadowStart =
  | { readonly kind: 'ready' }
  | { readonly kind: 'wrong'; readonly problem: string }
  /** It could not be tried: no process, no time. It is tried again. */
  | { readonly kind: 'later' };

interface Life {
  readonly child: ShadowChild;
  readonly began: number;
  isReady: boolean;
  /** It has judged something. */
  served: boolean;
  /** Why it was killed. */
  cause: string | undefined;
}

/** Sessions by one cause since they were told of last. */
interface Skipped {
  readonly count: number;
  readonly toldAt: number;
}

export class ShadowKeeper {
  readonly #parts: ShadowKeeperParts;
  readonly #pause = new CrashPause();
  #patience: Timer | undefined;
  #look: Timer | undefined;
  #gather: Timer | undefined;
  /** When it was shown something last. */
  #shownAt = Number.NEGATIVE_INFINITY;
  readonly #waiting: ShownSession[] = [];
  #inHand: ShownSession[] = [];
  #octets = 0;
  #source: PolicySource | undefined;
  #life: Life | undefined;
  #paused: Timer | undefined;
  #isStopping = false;
  #stopped: Promise<void> | undefined;
  #started: (start: ShadowStart) => void = () => undefined;
  #gone: () => void = () => undefined;
  readonly #skipped = new Map<string, Skipped>();

  constructor(parts: ShadowKeeperParts) {
    this.#parts = parts;
    this.#source = parts.begin.source;
  }

  /** The policy as it was read, once it was. */
  get source(): PolicySource | undefined {
    return this.#source;
  }

  /** Undefined: there is none at the moment. */
  get pid(): number | undefined {
    return this.#life?.child.pid;
  }

  /** Resolves when the policy was tried. */
  start(): Promise<ShadowStart> {
    return new Promise((resolve) => {
      this.#started = resolve;
      this.#begin();
    });
  }

  /** Shows it a session when it can; never waits. */
  show(session: ShownSession): void {
    const { length } = session.frame;
    if (this.#isStopping) return;
    if (this.#waiting.length + this.#inHand.length >= MOST_WAITING || this.#octets + length > MOST_OCTETS) {
      this.skip('it does not keep up');
      return;
    }
    this.#octets += length;
    this.#waiting.push(session);
    this.#pump();
  }

  /** A session that it is not shown. Of causes there are but a few. */
  skip(cause: string): void {
    this.#parts.log.emit('shadow-judged', { result: 'skipped', count: 1 });
    const now = this.#parts.clock.monotonic();
    const { count, toldAt } = this.#skipped.get(cause) ?? { count: 0, toldAt: Number.NEGATIVE_INFINITY };
    const isTold = now - toldAt >= TELL_MS;
    if (isTold) this.#parts.log.emit('shadow-skipped', { count: count + 1, cause });
    this.#skipped.set(cause, isTold ? { count: 0, toldAt: now } : { count: count + 1, toldAt });
  }

  /** Ends it; resolves when nothing of it is left. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopped ??= new Promise((resolve) => {
      this.#gone = resolve;
      this.#paused?.cancel();
      this.#patience?.cancel();
      this.#gather?.cancel();
      this.#stopLooking();
      const left = this.#waiting.length + this.#inHand.length;
      if (left > 0) this.#parts.log.emit('shadow-judged', { result: 'skipped', count: left });
      this.#waiting.length = 0;
      this.#inHand = [];
      this.#octets = 0;
      if (this.#life === undefined) resolve();
      else this.#life.child.kill();
    });
    return this.#stopped;
  }

  #begin(): void {
    const { begin, clock, fork } = this.#parts;
    const child = fork();
    const life: Life = {
      ...{ child, began: clock.monotonic(), isReady: false, served: false, cause: undefined },
    };
    this.#life = life;
    child.onMessage((message) => {
      if (this.#life === life && !this.#isStopping) this.#hear(life, message);
    });
    child.onExit((cause) => this.#ended(life, life.cause ?? cause));
    this.#wait(START_MS, 'it was not ready');
    this.#lookLater();
    child.send([beginFrame({ ...begin, source: this.#source })]);
  }

  #hear(life: Life, message: FromShadow): void {
    switch (message.kind) {
      case 'ready':
        this.#source = message.source;
        life.isReady = true;
        this.#patience?.cancel();
        this.#parts.log.emit('shadow-ready', { script: this.#parts.script, process: life.child.pid });
        this.#started({ kind: 'ready' });
        this.#pump();
        return;
      case 'wrong':
        life.cause = message.problem;
        this.#started({ kind: 'wrong', problem: message.problem });
        life.child.kill();
        return;
      case 'judged':
        life.served = true;
        this.#judged(message.verdicts);
        return;
      case 'broken':
      case 'made':
        return;
    }
  }

  #judged(verdicts: readonly ShadowVerdict[]): void {
    for (const verdict of verdicts) {
      const session = this.#inHand.shift();
      if (session === undefined) break;
      this.#octets -= session.frame.length;
      tell(this.#parts.log, session, verdict);
    }
    if (this.#inHand.length > 0) {
      this.#wait(PATIENCE_MS, 'it said nothing');
      return;
    }
    this.#patience?.cancel();
    this.#pump();
  }

  get #canShow(): boolean {
    return this.#life?.isReady === true && this.#inHand.length === 0 && this.#waiting.length > 0;
  }

  #pump(): void {
    if (!this.#canShow) return;
    const { clock } = this.#parts;
    const left = this.#shownAt + GATHER_MS - clock.monotonic();
    if (left <= 0 || this.#waiting.length >= BATCH || this.#octets >= BATCH_OCTETS) this.#showNext();
    else if (this.#gather === undefined) {
      this.#gather = clock.after(left, () => {
        this.#gather = undefined;
        if (this.#canShow) this.#showNext();
      });
      this.#gather.unref();
    }
  }

  #showNext(): void {
    this.#gather?.cancel();
    this.#gather = undefined;
    this.#shownAt = this.#parts.clock.monotonic();
    let octets = 0;
    while (this.#inHand.length < BATCH && octets < BATCH_OCTETS) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#inHand.push(next);
      octets += next.frame.length;
    }
    this.#wait(PATIENCE_MS, 'it said nothing');
    this.#lookLater();
    this.#life?.child.send(this.#inHand.map(({ frame }) => frame));
  }

  #wait(ms: number, what: string): void {
    this.#patience?.cancel();
    this.#patience = this.#parts.clock.after(ms, () => this.#kill(`${what} within ${ms / 1000} s`));
    this.#patience.unref();
  }

  /** Not put off by what comes meanwhile: a process that always has something to do is looked at, too. */
  #lookLater(): void {
    if (this.#look !== undefined) return;
    this.#look = this.#parts.clock.after(LOOK_MS, () => {
      this.#look = undefined;
      void this.#lookAtMemory();
    });
    this.#look.unref();
  }

  #stopLooking(): void {
    this.#look?.cancel();
    this.#look = undefined;
  }

  #kill(cause: string): void {
    const life = this.#life;
    if (life === undefined || life.cause !== undefined) return;
    life.cause = cause;
    life.child.kill();
  }

  async #lookAtMemory(): Promise<void> {
    const life = this.#life;
    const octets = await life?.child.memory();
    if (life === undefined || life !== this.#life || this.#isStopping) return;
    const most = this.#parts.mostMemory();
    if (octets !== undefined && octets > most * MEBIBYTE) {
      this.#kill(`it has ${Math.round(octets / MEBIBYTE)} MiB of memory, shadow-max-memory is ${most}`);
    } else if (this.#inHand.length > 0 || !life.isReady) this.#lookLater();
  }

  /** What it had in hand is lost; what waits is shown to its successor. */
  #ended(life: Life, cause: string): void {
    this.#life = undefined;
    this.#patience?.cancel();
    this.#stopLooking();
    if (this.#isStopping) {
      this.#gone();
      return;
    }
    const { clock, log } = this.#parts;
    const now = clock.monotonic();
    this.#pause.ended(now, now - life.began, life.served);
    const pause = Math.max(SHORTEST_PAUSE, this.#pause.ms(now));
    const sessions = this.#inHand.length;
    for (const { frame } of this.#inHand) this.#octets -= frame.length;
    this.#inHand = [];
    if (sessions > 0) log.emit('shadow-judged', { result: 'failed', count: sessions });
    log.emit('shadow-ended', { cause, process: life.child.pid, sessions, pause: pause / 1000 });
    this.#started({ kind: 'later' });
    this.#paused = clock.after(pause, () => this.#begin());
    this.#paused.unref();
  }
}

/** A verdict in the log, beside the session that it is about. */
function tell(log: Log, { client, id }: ShownSession, verdict: ShadowVerdict): void {
  log.emit('shadow-judged', { result: verdict.kind, count: 1 });
  if (verdict.kind === 'same' || verdict.kind === 'skipped') return;
  const about = log.child({ id });
  switch (verdict.kind) {
    case 'differs': {
      const { cause, live, shadow, step } = verdict;
      about.emit('shadow', { client, step, live, shadow, ...(cause !== undefined && { cause }) });
      return;
    }
    case 'missing':
      about.emit('shadow-missing', { client, what: verdict.what });
      return;
    case 'failed':
      about.emit('shadow-failed', { client, cause: verdict.cause });
      return;
  }
}
