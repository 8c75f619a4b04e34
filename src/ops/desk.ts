// What the administration asks a process that serves, and what it answers. Plain data: with several workers it crosses their line to the main
// process as JSON.

import type { PolicyMetric } from '../observe/metric/policy-metric.ts';

import type { TimeFor, TraceEntry } from '../observe/trace/entry.ts';
import type { TraceWish } from '../observe/trace/wish.ts';

export type { PolicyMetric } from '../observe/metric/policy-metric.ts';

/** Something that a session waits for at this moment. */
export interface SessionWait {
  readonly for: TimeFor;
  /** In words; octets of strangers may be in it. */
  readonly what: string;
  /** For how long by now; without it that is not known. */
  readonly seconds?: number;
}

/** One session, as GET /sessions shows it. */
export interface SessionRow {
  readonly id: string;
  /** Address of the client. */
  readonly client: string;
  /** Its name, its address in brackets when it has none. */
  readonly host: string;
  readonly listener: string;
  /** The balancer that speaks for it. */
  readonly proxy?: string;
  /** Version of TLS. */
  readonly tls?: string;
  /** `opening`, `command`, `transaction`, `content`, `hook`, `next_hop`, `closing`. */
  readonly state: string;
  /** The hook that waits for something, and for how long, in seconds; of a script `grey.lua: command rcpt`. */
  readonly hook?: string;
  readonly hook_seconds?: number;
  /** All that it waits for: of a hook each question and each service that has no answer yet. */
  readonly waits: readonly SessionWait[];
  /** Octets that the client has sent. */
  readonly bytes: number;
  readonly messages: number;
  readonly commands: number;
  /** Since it began. */
  readonly seconds: number;
  readonly hello: string;
  readonly sender?: string;
  readonly recipients?: number;
}

export type DeskQuestion =
  /** Is somebody there? */
  | { readonly kind: 'beat' }
  | { readonly kind: 'metrics' }
  | { readonly kind: 'sessions'; readonly most: number; readonly client?: string; readonly state?: string }
  | { readonly kind: 'close'; readonly id: string }
  | { readonly kind: 'ready' }
  /** New connections are turned away from now on, or not any more. */
  | { readonly kind: 'drain'; readonly on: boolean }
  /** The option verbose, in effect until told otherwise; undefined: as the options have it. */
  | { readonly kind: 'verbose'; readonly words?: string }
  /** The next entries of the sessions that a reader follows, as in observe/trace/tracer. */
  | {
      readonly kind: 'trace';
      readonly reader: string;
      readonly wish: TraceWish;
      readonly only?: string;
      readonly have: number;
      readonly most: number;
    }
  /** That reader has gone. */
  | { readonly kind: 'trace-end'; readonly reader: string };

export type DeskAnswer =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'metrics';
      /** null: not known. */
      readonly values: readonly (number | null)[];
      readonly policy: readonly PolicyMetric[];
    }
  /** `total` and `states`: all that match; `states` has how many are in which. */
  | {
      readonly kind: 'sessions';
      readonly total: number;
      readonly states: Readonly<Record<string, number>>;
      readonly rows: readonly SessionRow[];
    }
  | { readonly kind: 'closed'; readonly found: boolean }
  | {
      readonly kind: 'trace';
      readonly number: number;
      readonly entries: readonly TraceEntry[];
      readonly missed: number;
    }
  /** `connections` and `limit`: of all processes together; `limit` 0: none. */
  | {
      readonly kind: 'ready';
      readonly problems: readonly string[];
      readonly connections: number;
      readonly limit: number;
    };

/** Who answers: this process, or a worker at the other end of its line. */
export interface Desk {
  readonly pid: number;
  ask(question: DeskQuestion): Promise<DeskAnswer>;
}
