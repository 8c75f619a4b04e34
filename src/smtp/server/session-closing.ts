// The end of a session: our side of the connection is closed, hook.error and hook.close run, the policy's instance and the transaction are
// given up, its sums are told. `over` is called when the connection is closed as well, and then nothing is left.
import { traceOf } from '../../base/errors.ts';
import { chain, type Maybe } from '../../base/maybe.ts';
import type { Transport } from '../../net/transport.ts';
import { tellScriptsOfEnd } from './ask-scripts.ts';
import type { Ending } from './ending.ts';
import type { SessionCore } from './session-core.ts';

/** How long we read on, and drop, what a client still sends after the last reply, so that it gets to read that reply. */
const LINGER_MS = 5000;

/** Who hears of it. */
interface Heard {
  /** The connection is closed. */
  gone(): void;
  /** That, and everything else is done. */
  over(): void;
}

export class SessionClosing {
  readonly #transport: Transport;
  readonly #core: SessionCore;
  /** Monotonic milliseconds. */
  readonly started: number;
  readonly #heard: Heard;
  #transportClosed = false;
  #hurried = false;
  #over = false;

  constructor(transport: Transport, core: SessionCore, heard: Heard) {
    this.#transport = transport;
    this.#core = core;
    this.started = core.deps.clock.monotonic();
    this.#heard = heard;
  }

  transportClosed(): void {
    this.#transportClosed = true;
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
    if (this.#transport.stalled && ending.gone === true) this.#transport.destroy();
    else {
      core.output.flush();
      this.#transport.linger(LINGER_MS);
    }
    const over = (): void => {
      const ms = Math.round(core.deps.clock.monotonic() - this.started);
      core.report.disconnect(core.client, core.listener.name, ms / 1000, ending);
      this.#over = true;
      this.#check();
    };
    const bug = (error: unknown): void => {
      core.log.emit('session-end-fault', { cause: traceOf(error) });
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
      core.log.emit('close-limit', { cause: `hook-close-limit: ${limit} s` });
      this.hurry();
    });
    work.finally(() => timer.cancel()).then(over, bug);
  }

  #closePolicy(ending: Ending): Maybe<void> {
    const core = this.#core;
    if (!core.hasPolicy) return;
    return chain(tellScriptsOfEnd(core), () => this.#closeHooks(ending));
  }

  #closeHooks(ending: Ending): Maybe<void> {
    const core = this.#core;
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
      this.#core.log.emit('policy-end-fault', { cause: traceOf(error) });
    }
    return this.#core.transaction?.dispose();
  }

  #check(): void {
    if (!this.#over || !this.#transportClosed) return;
    this.#core.report.closed();
    this.#heard.over();
  }
}
