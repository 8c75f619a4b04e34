// What a session asks of scripts that talk to its client themselves (option load-script), before it asks the policy: a port, implemented in
// compat/rumble.
//
// Who implements it must never reject, let a function be called for a session that is over, or take a function that failed for a yes.
import type { Log } from '../../base/log.ts';
import type { Dialogue } from '../../net/dialogue.ts';
import type { HookWait, LimitName } from '../../policy/instance.ts';

export type ScriptPlace = 'accept' | 'command' | 'close';

/** What scripts know of a session. */
export interface ScriptFacts {
  readonly port: number | undefined;
  /** Argument of the hello; empty before one. */
  readonly helo: string;
  /** Of the transaction, without brackets; undefined outside of one. */
  readonly sender: string | undefined;
  /** Those that were accepted. */
  readonly recipients: readonly string[];
}

/** A function of a script that is under way, for whoever looks. */
export interface RunningScript {
  /** The name of the script, and the moment: `grey.lua: command rcpt`. */
  readonly hook: string;
  /** Monotonic milliseconds. */
  readonly since: number;
  /** All that it waits for at this moment; nothing of what a password may be in. */
  readonly waits: () => readonly HookWait[];
}

export interface ScriptQuestion {
  readonly place: ScriptPlace;
  /** Of `command`: the verb in lower case. */
  readonly verb: string;
  /** Likewise: the command line as it came, without its end. */
  readonly line: string | undefined;
  readonly dialogue: Dialogue;
  readonly facts: ScriptFacts;
  readonly session: string;
  readonly log: Log;
  /** Option hook-error=default: a function that failed has said nothing. */
  readonly tolerates: boolean;
  /** A password may be in the line and in what the client sends: nothing of that is shown. */
  readonly secret: boolean;
  /** A text without the passwords of the session. */
  readonly hide: (text: string) => string;
  /** Called with each function before it is called, and with undefined when it is over. */
  readonly runs: (script: RunningScript | undefined) => void;
  /** The session is over: what runs is cut off. */
  readonly signal: AbortSignal;
}

export type ScriptVerdict =
  /** Nothing against it: the policy is asked. */
  | { readonly kind: 'okay' }
  /** The session is to end. */
  | { readonly kind: 'failure' }
  /** The client has its answer from the script; the command has no effect. */
  | { readonly kind: 'answered' }
  /** To be refused with this code, 400 to 599. */
  | { readonly kind: 'code'; readonly code: number }
  /** Logged. */
  | { readonly kind: 'failed'; readonly message: string; readonly limit: LimitName | undefined }
  | { readonly kind: 'cancelled' };

export interface ScriptHooks {
  /** Whether there is anything to be called. */
  has(place: ScriptPlace, verb: string): boolean;
  call(question: ScriptQuestion): Promise<ScriptVerdict>;
}
