// The policy as the SMTP session sees it: one instance per connection, hooks that may suspend. Implemented over lua/.
//
// An instance must never let two hooks overlap, throw or reject (how a hook failed is an outcome, logged once), write to the client, or be
// used for another client. A policy must never change once it is open: a reload makes another one.

import type { Log } from '../base/log.ts';
import type { LuaRecord, LuaValue, SliceBatch } from '../lua-api/value.ts';
import type { Options } from '../options/options.ts';
import type { HookName } from './hook-table.ts';
import type { SessionView } from './session-view.ts';

/** Why a hook was stopped. Each costs only its own connection. */
export type LimitName = 'cpu' | 'wall-clock' | 'memory' | 'pending';

/** A result of a hook, for a message: its Lua type, and its text when it has one. */
export interface ResultSketch {
  readonly type: string;
  readonly text?: string;
}

export type HookOutcome =
  /** The policy has no such hook. `asked`: Lua was asked for it, and has run. */
  | { readonly kind: 'undefined'; readonly asked?: true }
  /** [drop,] reply. `reply` is a text or an integer as text, whatever it says; `drop` is the boolean before it, or a lone boolean. */
  | {
      readonly kind: 'returned';
      readonly reply: string | undefined;
      readonly drop: boolean;
      readonly values: readonly LuaValue[];
    }
  /** `count` results that are no [drop,] reply; the first of them for a message. Not logged yet. */
  | { readonly kind: 'misshapen'; readonly results: readonly ResultSketch[]; readonly count: number }
  /** The hook, or the table of hooks, is no function (no table) but of this Lua type. Not logged yet. */
  | { readonly kind: 'not-callable'; readonly what: 'hook' | 'table'; readonly type: string }
  /** A Lua error; already logged with hook, file:line and traceback. */
  | { readonly kind: 'error'; readonly message: string; readonly traceback: string }
  /** Stopped by a limit; already logged. */
  | { readonly kind: 'limit'; readonly limit: LimitName; readonly message: string }
  /** `cancel` was called. */
  | { readonly kind: 'cancelled' };

/** What a hook waits for, for whoever asks. */
export interface HookWait {
  /** The function of the API that waits; '' while it is Lua's turn to come. */
  readonly function: string;
  /** In words; octets of strangers may be in it. */
  readonly what: string;
  /** Monotonic milliseconds. */
  readonly since: number;
}

export interface RowOutcome {
  readonly done: number;
  readonly outcome: HookOutcome;
}

export interface PolicyInstance {
  has(hook: HookName): boolean;
  /** `file:line` where a hook is defined; '' when that is not known. Not while one runs. */
  placeOf(hook: HookName): string;
  /** Milliseconds that its hooks have run after they had been suspended, all together. */
  readonly resumedMs: number;
  /** It may ask who signed a message: the text of the policy, or of a module that it has loaded, has a name that does. */
  readonly verifies: boolean;
  /**
   * Runs a hook. The outcome comes at once when the hook did not suspend (no promise is made then). Hooks of one instance never
   * overlap: the session calls the next one only when the last has ended.
   */
  call(hook: HookName, args: readonly LuaValue[]): HookOutcome | Promise<HookOutcome>;
  /**
   * Runs a hook with one value of the batch after the other, at least with the first, and stops behind the first one that answers
   * something or does not end by itself. `done` of them were called; the outcome is that of the last one.
   */
  callEach(hook: HookName, batch: SliceBatch): RowOutcome | Promise<RowOutcome>;
  /** Runs a chunk in the instance's environment as a coroutine (`+test`); results are the chunk's. */
  run(source: string, chunkName: string): HookOutcome | Promise<HookOutcome>;
  /** What is wrong with a text as a chunk, by the compiler; undefined: nothing. Nothing of it runs. */
  problemOf?(source: string, chunkName: string): string | undefined;
  /** All that the hook under way waits for at this moment. */
  waits?(): readonly HookWait[];
  /** Sets fields of the connection's `client` table before the next Lua code runs; undefined removes a field. */
  setClient(fields: LuaRecord): void;
  /** Drops a lazy field (mime.parts, uri.found): the next read asks the session again. */
  forget(module: string, field: string): void;
  /** Cuts a suspended hook off: its coroutine ends (to-be-closed variables run), its pending calls are cancelled. */
  cancel(): void;
  /** Ends the instance and releases everything it holds. Idempotent. */
  close(): void;
}

export type OpenOutcome =
  | { readonly kind: 'open'; readonly instance: PolicyInstance }
  /** File level failed; already logged. The client gets 421 4.3.0. */
  | { readonly kind: 'failed'; readonly outcome: HookOutcome };

/** What a session hands over when its instance is made. */
export interface InstanceOwner {
  readonly session: SessionView;
  readonly options: Options;
  readonly log: Log;
  /** The instance of another file of the policy: both have one `client`. */
  readonly beside?: PolicyInstance;
}

/** A compiled, checked policy; connections get instances of it. */
export interface Policy {
  readonly revision: number;
  /** Path of the script. */
  readonly path: string;
  /** Runs the file level in a new environment. */
  open(owner: InstanceOwner): OpenOutcome | Promise<OpenOutcome>;
  /** The files behind this one, in their order; undefined: there are none. */
  readonly more?: readonly Policy[];
}
