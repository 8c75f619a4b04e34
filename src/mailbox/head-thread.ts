// Header blocks of many files, read by a thread of their own, some hundred in a message. There a file takes four calls of the system and nothing else; by
// the threads of Node each of these calls takes longer to hand over and back than to do, and each file some promises and objects. What the thread does
// not read, for whatever reason, whoever asked reads without it: until it is started, when it is closed, has died or hangs, and every file that it has
// trouble with, so that the trouble is told alike.
//
// Must never: leave whoever asked without an answer; keep a process alive when nobody waits; have more than one thread, not even one that hangs.
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../base/clock.ts';
import { textOf } from '../base/errors.ts';
import { Turns } from '../base/turns.ts';
import { READ } from './disk.ts';
import { headThreadProgram, OF_FILE, type ProgramSettings } from './head-thread-program.ts';

/** A file that does not answer in this time, nor lets a thread start, belongs to a disk that may never answer. Milliseconds. */
const LONGEST = 5000;
/** For its end, when it does not hang. Milliseconds. */
const LONGEST_END = 1000;
/** A thread that was lost has no follower for so long: what it has died of may be there still. Milliseconds. */
const REST = 60_000;
/** Messages that wait in the thread, of all who ask together: each may be answered with more than ROOM octets. */
const QUEUE = 8;
const ROOM = 1024 * 1024;
/** An answer: others wait as long. Milliseconds. */
const ANSWER = 20;
const limits = {
  ...{ maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
  ...{ codeRangeSizeMb: 16, stackSizeMb: 1 },
};

/** Octets of a file that are looked at for the end of its header block, at first and at most. */
export const FIRST_HEAD = 8192;
export const MAX_HEAD = 65_536;

/** What was read of some files, in their order. */
export class ManyHeads {
  /** So many were looked at, from the first; at least one. */
  readonly count: number;
  /** All blocks, one behind the other. */
  readonly octets: Buffer;
  readonly #numbers: Float64Array;

  private constructor(numbers: Float64Array, octets: Buffer) {
    this.#numbers = numbers;
    this.octets = octets;
    this.count = numbers[0] as number;
  }

  /** `length`: files that were asked for. undefined: it is no answer. */
  static read(answer: unknown, length: number): ManyHeads | undefined {
    const numbers = 1 + OF_FILE * length;
    if (!(answer instanceof ArrayBuffer) || answer.byteLength < 8 * numbers) return undefined;
    const heads = new ManyHeads(new Float64Array(answer, 0, numbers), Buffer.from(answer, 8 * numbers));
    return heads.count > 0 && heads.count <= length ? heads : undefined;
  }

  /** Where the block of a file ends, which begins where the one before it ends; undefined: it was not read. */
  endOf(file: number): number | undefined {
    const end = this.#numbers[1 + OF_FILE * file] as number;
    return end < 0 ? undefined : end;
  }

  sizeOf(file: number): number {
    return this.#numbers[2 + OF_FILE * file] as number;
  }

  /** Milliseconds since the Epoch. */
  changedOf(file: number): number {
    return this.#numbers[3 + OF_FILE * file] as number;
  }
}

interface Asked {
  readonly length: number;
  readonly resolve: (heads: ManyHeads | undefined) => void;
}

export interface HeadThreadParts {
  readonly clock: Clock;
  /** What the thread runs, for tests. */
  readonly program?: string;
}

export class HeadThread {
  readonly #parts: HeadThreadParts;
  readonly #turns = new Turns(QUEUE);
  /** Told why a thread was lost; undefined: it is not started, or closed. */
  #onLost: ((cause: string) => void) | undefined;
  #worker: Worker | undefined;
  /** One that was given up and has not ended. */
  #leaving: Worker | undefined;
  /** There is none before; by the monotonic clock. */
  #notBefore = Number.NEGATIVE_INFINITY;
  /** What was sent, in order: answers come in the same. */
  #sent: Asked[] = [];
  #late: Timer | undefined;

  constructor(parts: HeadThreadParts) {
    this.#parts = parts;
  }

  /** From now on it is the thread that reads; it is there before the first who asks, as it takes some ten milliseconds to come. */
  start(onLost: (cause: string) => void): void {
    this.#onLost = onLost;
    this.#running();
  }

  /**
   * `names`: of files in the directory or below it, octets as latin1, one at least. undefined: they are to be read without it now. Rejects when the signal
   * aborts before it is their turn.
   */
  async read(
    directory: string,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<ManyHeads | undefined> {
    if (this.#running() === undefined) return undefined;
    return this.#turns.take(signal, () => this.#ask(directory, names));
  }

  /** Resolves when the thread is gone, or has not gone for a second. Whoever waits for it is answered without. Never rejects. */
  async close(): Promise<void> {
    this.#onLost = undefined;
    const worker = this.#worker ?? this.#leaving;
    this.#lost('');
    if (worker === undefined) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer.cancel();
        resolve();
      };
      const timer = this.#parts.clock.after(LONGEST_END, done);
      worker.once('exit', done);
    });
  }

  #ask(directory: string, names: readonly string[]): Promise<ManyHeads | undefined> {
    const worker = this.#running();
    if (worker === undefined) return Promise.resolve(undefined);
    worker.postMessage([directory, names.join('\0')]);
    worker.ref();
    this.#late ??= this.#parts.clock.after(LONGEST, () => this.#isLate());
    return new Promise((resolve) => this.#sent.push({ length: names.length, resolve }));
  }

  /** Not when it is we who stood still: what has come meanwhile is taken first. */
  #isLate(): void {
    const [first] = this.#sent;
    setImmediate(() => {
      if (first !== undefined && this.#sent[0] === first) this.#lost(`no answer in ${LONGEST / 1000} s`);
    });
  }

  /** undefined: there is none, and none can be had now. */
  #running(): Worker | undefined {
    if (this.#onLost === undefined || this.#leaving !== undefined) return undefined;
    if (this.#worker !== undefined) return this.#worker;
    if (this.#parts.clock.monotonic() < this.#notBefore) return undefined;
    const workerData: ProgramSettings = {
      ...{ flags: READ, first: FIRST_HEAD, most: MAX_HEAD, room: ROOM, milliseconds: ANSWER },
    };
    let worker: Worker;
    try {
      // It has what it needs to read files, and nothing of the environment, the command line or the loaders of this process.
      worker = new Worker(this.#parts.program ?? headThreadProgram, {
        ...{ eval: true, workerData, resourceLimits: limits, env: {}, argv: [], execArgv: [] },
      });
    } catch (error) {
      this.#rest();
      this.#onLost(causeOf(textOf(error)));
      return undefined;
    }
    worker.unref();
    this.#worker = worker;
    const own = (then: () => void): void => {
      if (this.#worker === worker) then();
    };
    worker.on('message', (answer: unknown) => own(() => this.#answer(answer)));
    worker.on('messageerror', (error) => own(() => this.#lost(textOf(error))));
    worker.on('error', (error) => own(() => this.#lost(textOf(error))));
    worker.on('exit', () => {
      own(() => this.#lost('it has ended'));
      if (this.#leaving === worker) this.#leaving = undefined;
    });
    return worker;
  }

  #answer(answer: unknown): void {
    const [asked] = this.#sent;
    if (asked === undefined) return;
    const heads = ManyHeads.read(answer, asked.length);
    if (heads === undefined) {
      this.#lost('its answer is not understood');
      return;
    }
    this.#sent.shift();
    if (this.#sent.length === 0) this.#idle();
    else this.#late?.restart();
    asked.resolve(heads);
  }

  #idle(): void {
    this.#late?.cancel();
    this.#late = undefined;
    this.#worker?.unref();
  }

  #rest(): void {
    this.#notBefore = this.#parts.clock.monotonic() + REST;
  }

  /** Another one is started by who asks when it has ended, a minute later: what hangs in the system does not end. */
  #lost(cause: string): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    const sent = this.#sent;
    this.#sent = [];
    this.#idle();
    this.#rest();
    this.#worker = undefined;
    this.#leaving = worker;
    void worker.terminate();
    // It is held by terminate().
    worker.unref();
    this.#onLost?.(causeOf(cause));
    for (const { resolve } of sent) resolve(undefined);
  }
}

const causeOf = (text: string): string => `the thread that reads header fields of mails: ${text}`;
