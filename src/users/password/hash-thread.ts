// bcrypt, Argon2, PBKDF2 and what SCRAM makes of it in a thread of their own, one at a time: they take from a tenth of a second to seconds. The thread is started by
// the first of them, and replaced when it fails or does not come to an end.
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../../base/clock.ts';
import { textOf } from '../../base/errors.ts';
import type { ExpensiveForm } from './expensive-forms.ts';

export type ThreadForm = Extract<ExpensiveForm, { form: 'bcrypt' | 'argon2' | 'pbkdf2' | 'scram' }>;

export type ThreadAnswer =
  | { readonly kind: 'match' }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'unavailable'; readonly cause: string };

/** Longer than anything within the bounds of expensive-forms takes on a slow machine, milliseconds. */
const LONGEST = 60_000;

/** What the thread runs. Plain text, as there is no file of it to load when the sources are run directly. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const { createHash, createHmac, pbkdf2Sync, timingSafeEqual } = require('node:crypto');
const hashes = require(workerData.library);
const same = (a, b) => a.length === b.length && timingSafeEqual(a, b);
async function check(given, secret) {
  const password = Buffer.from(secret);
  switch (given.form) {
    case 'bcrypt':
      return hashes.bcryptVerify({ password: password.subarray(0, given.most), hash: given.text });
    case 'pbkdf2':
      return same(pbkdf2Sync(password, Buffer.from(given.salt), given.rounds, 20, 'sha1'), Buffer.from(given.digest));
    case 'scram': {
      const stored = Buffer.from(given.storedKey);
      const salted = pbkdf2Sync(password, Buffer.from(given.salt), given.rounds, stored.length, given.algorithm);
      const mac = (text) => createHmac(given.algorithm, salted).update(text).digest();
      const key = createHash(given.algorithm).update(mac('Client Key')).digest();
      const both = [same(key, stored), same(mac('Server Key'), Buffer.from(given.serverKey))];
      return both[0] && both[1];
    }
    case 'argon2': {
      const digest = Buffer.from(given.digest);
      const made = await hashes['argon2' + given.variant]({
        password, salt: Buffer.from(given.salt), iterations: given.passes, parallelism: given.lanes,
        memorySize: given.memory, hashLength: digest.length, outputType: 'binary',
      });
      return same(Buffer.from(made), digest);
    }
  }
}
parentPort.on('message', ({ form, password }) => {
  check(form, password).then(
    (match) => parentPort.postMessage({ match }),
    (error) => parentPort.postMessage({ error: String(error && error.message) }),
  );
});
`;

interface Told {
  readonly match?: boolean;
  readonly error?: string;
}

export class HashThread {
  readonly #clock: Clock;
  #worker: Worker | undefined;
  /** Whoever waits for the thread. */
  #answer: ((answer: ThreadAnswer) => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called when the one before has been answered. Never rejects. */
  check(form: ThreadForm, password: Buffer): Promise<ThreadAnswer> {
    return new Promise((resolve) => {
      const late = (): void => this.#lost(`no end after ${LONGEST / 1000} s`);
      const timer: Timer = this.#clock.after(LONGEST, late);
      this.#answer = (answer) => {
        this.#answer = undefined;
        timer.cancel();
        this.#worker?.unref();
        resolve(answer);
      };
      try {
        const worker = this.#started();
        worker.ref();
        worker.postMessage({ form, password });
      } catch (error) {
        this.#lost(textOf(error));
      }
    });
  }

  close(): void {
    this.#lost('the process ends');
  }

  #lost(cause: string): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#answer?.({ kind: 'unavailable', cause });
    void worker?.terminate();
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(program, {
      eval: true,
      workerData: { library: createRequire(import.meta.url).resolve('hash-wasm') },
    });
    this.#worker = worker;
    const own = (then: () => void) => {
      if (this.#worker === worker) then();
    };
    worker.on('message', ({ match, error }: Told) =>
      own(() => {
        if (error === undefined) this.#answer?.({ kind: match === true ? 'match' : 'mismatch' });
        else this.#answer?.({ kind: 'unavailable', cause: error });
      }),
    );
    worker.on('error', (error) => own(() => this.#lost(textOf(error))));
    worker.on('exit', () => own(() => this.#lost('the thread has ended')));
    return worker;
  }
}
