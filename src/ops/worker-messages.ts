// What the main process and its workers say to each other. All of it is plain data (JSON); a listening socket goes beside its message.
import type { ListenAddress } from '../net/listener.ts';
import type { LiveBatch } from '../observe/live/live-batch.ts';
import type { MetricSets } from '../observe/metric/metric-spec.ts';
import type { DeskAnswer, DeskQuestion } from './desk.ts';
import type { PolicySource, Revision, Wanted } from './revision.ts';

/** These have a message whose sender is going to try it again; every worker is to know. Keys of delivery/delivered-memory. */
export interface CopiesMessage {
  readonly kind: 'copies';
  readonly key: string;
  readonly people: readonly string[];
  /** They are to be forgotten. */
  readonly gone?: true | undefined;
}

/** What a script has ordered of a service: every worker is to follow. `state`: 1 runs, 2 suspended, 0 stopped; `listeners`: keys of its sockets. */
export interface ServiceMessage {
  readonly kind: 'service';
  readonly name: string;
  readonly state: 0 | 1 | 2;
  readonly listeners: readonly string[];
}

export type ToWorker =
  /** The first message: what to serve by. `tickets`: the key of session tickets, hex; `memory`: where stores in memory lie. */
  | {
      readonly kind: 'begin';
      readonly revision: Revision;
      readonly tickets: string;
      readonly memory: string;
      /** What is counted by; undefined: nothing is. */
      readonly metrics: MetricSets | undefined;
    }
  /** Answers `open`: one of `of` sockets, which comes beside the message. */
  | { readonly kind: 'socket'; readonly index: number; readonly of: number }
  /** Answers `open`: there are none; `code` is the system's, such as EADDRINUSE. */
  | { readonly kind: 'no-socket'; readonly code: string; readonly where: string }
  /** Stop accepting, let transactions finish within shutdown-timeout, exit 0. Said again it changes nothing. */
  | { readonly kind: 'drain' }
  /** End now: transactions are cut off. */
  | { readonly kind: 'hurry' }
  /** Read the policy again, try it with these options and certificates, serve by it when it is right, and say how it went. */
  | { readonly kind: 'reload'; readonly round: number; readonly wanted: Wanted }
  /** Serve by this, which another worker has found right. */
  | { readonly kind: 'adopt'; readonly revision: Revision }
  /** The next key of session tickets, hex. */
  | { readonly kind: 'tickets'; readonly key: string }
  /** Open the log file again. */
  | { readonly kind: 'reopen' }
  | CopiesMessage
  | ServiceMessage
  /** The administration wants to know something; answered by `answer` with the same number. */
  | { readonly kind: 'ask'; readonly number: number; readonly question: DeskQuestion };

export type FromWorker =
  /** Wants the sockets of a listener that the main process holds; it knows the addresses only now, as hook.init may set them. */
  | {
      readonly kind: 'open';
      readonly listener: string;
      readonly wanted: readonly ListenAddress[];
    }
  /** Accepts connections; `text` is for the terminal, `policy` is what it serves by. */
  | { readonly kind: 'listening'; readonly text: string; readonly policy: PolicySource }
  /** Its shutdown-timeout, which hook.init may have set: said before it listens and after each reload. */
  | { readonly kind: 'grace'; readonly ms: number }
  /** Start another worker, and let this one drain when that one serves. `isFault`: the successor may soon say the same. */
  | { readonly kind: 'replace'; readonly reason: string; readonly isFault: boolean }
  /** It has heard `reload` and tries. */
  | { readonly kind: 'trying'; readonly round: number }
  /** With +reload-watch: a file of the policy has changed. */
  | { readonly kind: 'changed' }
  /** The outcome of `reload`: `policy` is undefined when the old one stays, for the reason in `problem`. */
  | {
      readonly kind: 'reloaded';
      readonly round: number;
      readonly policy: PolicySource | undefined;
      readonly problem?: string;
    }
  /** It has heard `adopt`. */
  | { readonly kind: 'adopting' }
  /** The outcome of `adopt`: it serves by it, or has asked to be replaced. */
  | { readonly kind: 'adopted' }
  | { readonly kind: 'answer'; readonly number: number; readonly answer: DeskAnswer }
  /** What it has counted by the end, before it goes. */
  | { readonly kind: 'counted'; readonly answer: DeskAnswer }
  /** What has happened in a second. */
  | { readonly kind: 'live'; readonly batch: LiveBatch }
  /** The log file cannot be written, for this reason; without one: it can again. */
  | { readonly kind: 'log'; readonly trouble?: string }
  | CopiesMessage
  | ServiceMessage
  /** It cannot start. */
  | { readonly kind: 'failed'; readonly problem: string };
