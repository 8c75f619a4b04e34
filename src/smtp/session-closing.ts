// The end of a session: our side of the stream is closed, hook.error and hook.close run, the policy's instance and the transaction are
// given up, the summary line is written. `closed` is called when the stream is closed as well, and then nothing is left.
import type { Duplex } from 'node:stream';
import { chain, type Maybe } from '../message/maybe.ts';
import type { Timer } from '../ops/clock.ts';
import type { Ending } from './ending.ts';
import type { SessionCore } from './session-core.ts';

/** How long we read on, and drop, what a client still sends after the last reply, so that it gets to read that reply. */
const LINGER_MS = 5000;

export class SessionClosing {
  readonly #stream: Duplex;
  readonly #core: SessionCore;
  readonly #started: number;
  readonly #heard: { readonly gone: () => void; readonly closed: () => void };
  #linger: Timer | undefined;
  #streamClosed = false;
  #hurried = false;
  #over = false;

  /** `gone` is called when the stream is closed, `closed` when that and everything else is done. */
  constructor(
    stream: Duplex,
    core: SessionCore,
    heard: { readonly gone: () => void; readonly closed: () => void },
  ) {
    this.#stream = stream;
    this.#core = core;
    this.#started = core.deps.clock.monotonic();
    this.#heard = heard;
  }

  streamClosed(): void {
    this.#streamClosed = true;
    this.#heard.gone();
    this.#check();
  }

  /** What hook.error or hook.close waits for is cut off. */
  hurry(): void {
    this.#hurried = true;
    this.#core.interrupt();
  }

  /** Called once. */
  finish(ending: Ending): void {
    const core = this.#core;
    core.input.clear();
    // A long last reply may still be on its way: it has as long as we linger.
    if (core.output.stalled && ending.gone === true) this.#stream.destroy();
    else {
      core.output.end();
      this.#stream.resume();
      this.#linger = core.deps.clock.after(LINGER_MS, () => this.#stream.destroy());
    }
    const over = (): void => {
      this.#log(ending);
      this.#over = true;
      this.#check();
    };
    const bug = (error: unknown): void => {
      core.log.write('err', 'internal error at the end of a session', { cause: describe(error) });
      this.#giveUp();
      over();
    };
    let work: Maybe<void>;
    try {
      work = this.#closePolicy(ending);
    } catch (error) {
      bug(error);
      return;
    }
    if (!(work instanceof Promise)) {
      over();
      return;
    }
    // The client has gone and nobody waits for it: it must not hold what others need.
    const limit = core.values['hook-close-limit'];
    const timer = core.deps.clock.after(limit * 1000, () => {
      core.log.write('warning', 'hook.close is cut off', { cause: `hook-close-limit: ${limit} s` });
      this.hurry();
    });
    work.finally(() => timer.cancel()).then(over, bug);
  }

  #closePolicy(ending: Ending): Maybe<void> {
    const core = this.#core;
    if (!core.hasPolicy) return;
    const { hooks } = core;
    const { error } = ending;
    const told = error === undefined ? undefined : hooks.call('error', [error.errno, error.text]);
    return chain(told, () =>
      chain(this.#hurried ? undefined : hooks.call('close', [ending.code]), () => this.#giveUp()),
    );
  }

  /** The policy's instance and the message, whatever hook.close has come to. */
  #giveUp(): Maybe<void> {
    try {
      this.#core.hooks.close();
    } catch (error) {
      this.#core.log.write('err', 'internal error at the end of a policy', { cause: describe(error) });
    }
    return this.#core.transaction?.dispose();
  }

  #log(ending: Ending): void {
    const { client, deps, log, sums } = this.#core;
    log.write('info', 'session', {
      client: client.address,
      host: client.host,
      hello: sums.hello,
      messages: sums.messages,
      commands: sums.commands,
      errors: sums.errors,
      seconds: Math.round(deps.clock.monotonic() - this.#started) / 1000,
      end: ending.cause,
      close: ending.code,
    });
  }

  #check(): void {
    if (!this.#over || !this.#streamClosed) return;
    this.#linger?.cancel();
    this.#heard.closed();
  }
}

/** An exception for the log. */
export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
