// Beginnings of many files, read by a thread of their own, some dozen in a message. There a file takes three calls of the system and nothing else; by the
// threads of Node each of these calls takes longer to hand over and back than to do. What the thread does not read, for whatever reason, is read as
// without it: until it is started, when it is closed, has died or hangs, and every file that it has trouble with, so that the trouble is told alike.
//
// Must never: leave whoever asked without an answer; keep a process alive when nobody waits; have more than one thread, not even one that hangs.
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../base/clock.ts';
import { textOf } from '../base/errors.ts';
import { READ } from './disk.ts';
import type { FileHead, Files } from './files.ts';

/** Files in a message: with more of them the thread and who asked would wait for each other. */
const IN_A_MESSAGE = 32;
/** A message takes a millisecond, the first one the start of the thread too; a file system of the network that does not answer takes for ever. Milliseconds. */
const LONGEST = 5000;
/** For its end, when it does not hang. Milliseconds. */
const LONGEST_END = 1000;

/** What the thread runs. Plain text, as there is no file of it to load when the sources are run directly. */
const program = `
const { closeSync, fstatSync, openSync, readSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
function read({ path, length, wantsFacts }, octets, at) {
  let file;
  try {
    file = openSync(typeof path === 'string' ? path : Buffer.from(path), workerData.flags);
    const facts = wantsFacts ? fstatSync(file) : undefined;
    const count = readSync(file, octets, at, length, 0);
    return { count, facts: facts && { size: facts.size, mtimeMs: facts.mtimeMs } };
  } catch {
    return undefined;
  } finally {
    try { if (file !== undefined) closeSync(file); } catch {}
  }
}
parentPort.on('message', (asked) => {
  const octets = new Uint8Array(asked.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  const found = asked.map((one) => {
    const its = read(one, octets, at);
    at += its === undefined ? 0 : its.count;
    return its;
  });
  parentPort.postMessage({ octets, found }, [octets.buffer]);
});
`;

interface Asked {
  readonly path: string | Buffer;
  readonly into: Buffer;
  readonly wantsFacts: boolean;
  readonly resolve: (head: FileHead) => void;
  readonly reject: (error: unknown) => void;
}

interface Told {
  /** Of all files, one behind the other. */
  readonly octets: Uint8Array;
  /** In the order in which they were asked for; undefined: it could not be read. */
  readonly found: readonly ({ readonly count: number; readonly facts?: FileHead['facts'] } | undefined)[];
}

export interface HeadThreadParts {
  /** Reads without the thread. */
  readonly direct: Files['head'];
  readonly clock: Clock;
  /** What the thread runs, for tests. */
  readonly program?: string;
}

export class HeadThread {
  readonly #parts: HeadThreadParts;
  /** Told why a thread was lost; undefined: it is not started, or closed. */
  #onLost: ((cause: string) => void) | undefined;
  #worker: Worker | undefined;
  /** One that was given up and has not ended. */
  #leaving: Worker | undefined;
  /** What is to be sent when this turn of the loop is over. */
  #waiting: Asked[] = [];
  /** What was sent, in order: answers come in the same. */
  #sent: (readonly Asked[])[] = [];
  #late: Timer | undefined;

  constructor(parts: HeadThreadParts) {
    this.#parts = parts;
  }

  /** From now on it is the thread that reads; it is there before the first who asks, as it takes some ten milliseconds to come. */
  start(onLost: (cause: string) => void): void {
    this.#onLost = onLost;
    this.#running();
  }

  /** As `Files` has it. */
  readonly head: Files['head'] = (path, into, wantsFacts) => {
    if (this.#onLost === undefined || this.#leaving !== undefined)
      return this.#parts.direct(path, into, wantsFacts);
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#send());
      this.#waiting.push({ path, into, wantsFacts, resolve, reject });
    });
  };

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

  #send(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < all.length; at += IN_A_MESSAGE) {
      const some = all.slice(at, at + IN_A_MESSAGE);
      const worker = this.#running();
      if (worker === undefined) {
        this.#readDirectly(some);
        continue;
      }
      worker.postMessage(
        some.map(({ into, path, wantsFacts }) => ({ path, wantsFacts, length: into.length })),
      );
      this.#sent.push(some);
      worker.ref();
      this.#late ??= this.#parts.clock.after(LONGEST, () => this.#lost(`no answer in ${LONGEST / 1000} s`));
    }
  }

  /** undefined: there is none, and none can be had now. */
  #running(): Worker | undefined {
    if (this.#onLost === undefined || this.#leaving !== undefined) return undefined;
    if (this.#worker !== undefined) return this.#worker;
    let worker: Worker;
    try {
      worker = new Worker(this.#parts.program ?? program, { eval: true, workerData: { flags: READ } });
    } catch (error) {
      this.#onLost(causeOf(textOf(error)));
      return undefined;
    }
    worker.unref();
    this.#worker = worker;
    const own = (then: () => void): void => {
      if (this.#worker === worker) then();
    };
    worker.on('message', (told: Told) => own(() => this.#answer(told)));
    worker.on('messageerror', (error) => own(() => this.#lost(textOf(error))));
    worker.on('error', (error) => own(() => this.#lost(textOf(error))));
    worker.on('exit', () => {
      own(() => this.#lost('it has ended'));
      if (this.#leaving === worker) this.#leaving = undefined;
    });
    return worker;
  }

  #answer({ found, octets }: Told): void {
    const some = this.#sent.shift() ?? [];
    if (this.#sent.length === 0) this.#rest();
    else this.#late?.restart();
    let at = 0;
    for (const [index, asked] of some.entries()) {
      const one = found[index];
      if (one === undefined) {
        this.#readDirectly([asked]);
        continue;
      }
      asked.into.set(octets.subarray(at, at + one.count));
      at += one.count;
      asked.resolve({ octets: asked.into.subarray(0, one.count), facts: one.facts });
    }
  }

  #rest(): void {
    this.#late?.cancel();
    this.#late = undefined;
    this.#worker?.unref();
  }

  /** Another one is started by the next who asks when this one has ended: what hangs in the system does not end. */
  #lost(cause: string): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    const sent = this.#sent.flat();
    this.#sent = [];
    this.#rest();
    this.#worker = undefined;
    this.#leaving = worker;
    void worker.terminate();
    // It is held by terminate().
    worker.unref();
    this.#onLost?.(causeOf(cause));
    this.#readDirectly(sent);
  }

  #readDirectly(some: readonly Asked[]): void {
    for (const { into, path, reject, resolve, wantsFacts } of some)
      this.#parts.direct(path, into, wantsFacts).then(resolve, reject);
  }
}

const causeOf = (text: string): string => `the thread that reads beginnings of mails: ${text}`;
