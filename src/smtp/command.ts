// What a command is: data about one verb, in commands/<verb>. The conversation runs every command the same way: phase, parse, prepare,
// hook, (apply), reply, effect. A command neither writes to the client nor calls the policy itself.
import type { LuaValue } from '../lua/value.ts';
import type { Maybe } from '../message/maybe.ts';
import type { OptionValues } from '../options/option-table.ts';
import type { HookName } from '../policy/hook-table.ts';
import type { Client } from './client.ts';
import type { CommandLine } from './command-parser.ts';
import { lenienceOf } from './protocol/lenience.ts';
import type { MailParameters } from './protocol/parameters.ts';
import type { Path } from './protocol/path.ts';
import type { Reply } from './reply.ts';
import type { ErrorName, ErrorParams } from './reply-table.ts';
import type { Event, Phase, State } from './state-machine.ts';
import type { Transaction } from './transaction.ts';
import type { Verbosity } from './verbosity.ts';

/** What a command may know and do of its session. */
export interface CommandContext {
  readonly values: OptionValues;
  readonly client: Client;
  /** Our name. */
  readonly hostName: string;
  readonly idSess: string;
  readonly state: State;
  /** Who the client is since an AUTH succeeded, or since XCLIENT said so; undefined before. */
  readonly auth: Authentication | undefined;
  authenticate(auth: Authentication): void;
  /** The peer may use XCLIENT and VERB. */
  readonly trusted: boolean;
  has(hook: HookName): boolean;
  /** A transaction with the next id; nothing else happens yet. */
  newTransaction(path: Path, parameters: MailParameters): Transaction;
  /** The policy sees the transaction: client.id_trans, new mime.parts and uri.found. */
  showTransaction(transaction: Transaction): void;
  /** Makes the place for the message, unless there is one from a refused DATA: client.msg_file. */
  openMessage(transaction: Transaction): void;
  /** Fields for the client table. */
  setClient(fields: Readonly<Record<string, LuaValue>>): void;
  /** The words of option verbose, each with its state; `change` switches words of the whole process on or off. */
  verbosity(change: string): Verbosity;
}

export type Parsed<P> =
  | { readonly kind: 'go'; readonly value: P }
  /** The engine says no; no hook is called and nothing changes. */
  | { readonly kind: 'refuse'; readonly error: ErrorName; readonly params?: ErrorParams }
  /** A 334 with this text goes out, and the next line is its answer (RFC 4954 section 4). */
  | { readonly kind: 'ask'; readonly challenge: string };

/** What `apply` says: the client is another one from now on, and the session starts over with a new banner instead of the reply. */
export interface Applied {
  readonly client: Client;
  readonly auth: Authentication | undefined;
}

/** Facts of a successful AUTH. */
export interface Authentication {
  /** client.auth_user */
  readonly user: string;
  /** client.auth_mechanism; undefined when XCLIENT said it. */
  readonly mechanism: string | undefined;
}

export interface CommandSpec<P> {
  /** Upper case. */
  readonly verb: string;
  readonly phases: readonly Phase[];
  /** False: to this client, now, the command is unknown. */
  offered?(context: CommandContext): boolean;
  /** Syntax and the engine's own checks. `answers`: what the client said to each 334 so far. */
  parse(line: CommandLine, context: CommandContext, answers: readonly string[]): Parsed<P>;
  /** What the hook shall see. */
  prepare?(value: P, context: CommandContext): Maybe<void>;
  /** undefined: the policy is not asked. */
  readonly hook: HookName | undefined;
  args(value: P): readonly LuaValue[];
  /** The hook has returned, whatever it said: what it alone was to see is taken away again. */
  finish?(value: P, context: CommandContext): void;
  /** A positive reply ends the transaction: header edits of the hook belong to the next message. */
  readonly endsTransaction?: boolean;
  /** When the hook did not say no: what becomes of the session. */
  apply?(value: P, context: CommandContext): Applied;
  /** The reply when the hook gives none. */
  reply(value: P, context: CommandContext): Reply;
  /** Codes that count as success; without it 2xx. */
  succeeds?(code: number): boolean;
  /** The change of state after the reply was sent; undefined: none. */
  effect?(value: P, success: boolean, context: CommandContext): Event | undefined;
}

/** How a command is run when its type of value is of no interest: the steps bound to one parsed value. */
export interface Prepared {
  readonly hook: HookName | undefined;
  prepare(context: CommandContext): Maybe<void>;
  args(): readonly LuaValue[];
  readonly endsTransaction: boolean;
  finish(context: CommandContext): void;
  readonly applies: boolean;
  apply(context: CommandContext): Applied | undefined;
  reply(context: CommandContext): Reply;
  succeeds(code: number): boolean;
  effect(success: boolean, context: CommandContext): Event | undefined;
}

export type Started =
  | { readonly kind: 'go'; readonly command: Prepared }
  | { readonly kind: 'refuse'; readonly error: ErrorName; readonly params?: ErrorParams }
  | { readonly kind: 'ask'; readonly challenge: string };

export interface Command {
  readonly verb: string;
  readonly phases: readonly Phase[];
  readonly hook: HookName | undefined;
  offered(context: CommandContext): boolean;
  start(line: CommandLine, context: CommandContext, answers: readonly string[]): Started;
}

/** Phases in which a command that is always allowed is served. */
export const ANY_PHASE = ['greeted', 'hello', 'mail', 'rcpt'] as const satisfies readonly Phase[];

export const NO_ARGS: readonly LuaValue[] = [];

class PreparedCommand<P> implements Prepared {
  readonly #spec: CommandSpec<P>;
  readonly #value: P;
  constructor(spec: CommandSpec<P>, value: P) {
    this.#spec = spec;
    this.#value = value;
  }
  get hook(): HookName | undefined {
    return this.#spec.hook;
  }
  get endsTransaction(): boolean {
    return this.#spec.endsTransaction === true;
  }
  finish(context: CommandContext): void {
    this.#spec.finish?.(this.#value, context);
  }
  get applies(): boolean {
    return this.#spec.apply !== undefined;
  }
  prepare(context: CommandContext): Maybe<void> {
    return this.#spec.prepare?.(this.#value, context);
  }
  args(): readonly LuaValue[] {
    return this.#spec.args(this.#value);
  }
  apply(context: CommandContext): Applied | undefined {
    return this.#spec.apply?.(this.#value, context);
  }
  reply(context: CommandContext): Reply {
    return this.#spec.reply(this.#value, context);
  }
  succeeds(code: number): boolean {
    return this.#spec.succeeds?.(code) ?? (code >= 200 && code < 300);
  }
  effect(success: boolean, context: CommandContext): Event | undefined {
    return this.#spec.effect?.(this.#value, success, context);
  }
}

export function command<P>(spec: CommandSpec<P>): Command {
  return {
    verb: spec.verb,
    phases: spec.phases,
    hook: spec.hook,
    offered: (context) => spec.offered?.(context) ?? true,
    start: (line, context, answers) => {
      const parsed = spec.parse(line, context, answers);
      return parsed.kind === 'go' ? { kind: 'go', command: new PreparedCommand(spec, parsed.value) } : parsed;
    },
  };
}

export function go<P>(value: P): Parsed<P> {
  return { kind: 'go', value };
}

/** The parser of a command that has no argument (RFC 5321 section 4.1.1), unless smtp-lenient ignores one. */
export function parseNoArgument(line: CommandLine, context: CommandContext): Parsed<undefined> {
  if (line.argument === '' || lenienceOf(context.values).arguments) return NO_VALUE;
  return refuse('noArguments', { word: line.argument });
}

const NO_VALUE: Parsed<undefined> = { kind: 'go', value: undefined };

export function refuse(
  error: ErrorName,
  params?: ErrorParams,
): { readonly kind: 'refuse'; readonly error: ErrorName; readonly params?: ErrorParams } {
  return params === undefined ? { kind: 'refuse', error } : { kind: 'refuse', error, params };
}
