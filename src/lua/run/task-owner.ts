// What a task is told when it is made and when a run of it begins.
import type { Log } from '../../base/log.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import type { Options } from '../../options/options.ts';

export interface TaskLimits {
  /** Processor time of one run, milliseconds. */
  readonly cpu: number;
  /** One run from its first wait to its end, milliseconds. */
  readonly time: number;
  /** Operations pending at once. */
  readonly pending: number;
  /** Bytes of the whole engine while this runs; for the message. */
  readonly memory: number;
}

/** Who owns a task. `context` is asked for when a function of the API is called. */
export interface TaskOwner {
  readonly context: CallContext;
  /** Where it is told what is waited for. */
  readonly log: Log;
  /** Those that count for it. */
  readonly options: Options;
  /** The session's id, for the watchdog; may be ''. */
  readonly id: string;
  /** A number that changes when, within one run, the next call of a hook began: its processor time counts from there. */
  readonly progress: number;
  /** A run has ended, or was refused. */
  ended(): void;
  /** Gives up everything that was begun; the engine ends. Idempotent. */
  giveUp(): void;
}
