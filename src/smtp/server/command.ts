// What a command is: data about one verb, in commands/<verb>. The conversation runs every command the same way: phase, parse, prepare,
// hook, (apply, decide), reply, effect. A command neither writes to the client nor calls the policy itself.

import type { Maybe } from '../../base/maybe.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import type { Spool } from '../../message/spool.ts';
import type { TlsContexts } from '../../net/tls-context.ts';
import type { OptionValues } from '../../options/option-table.ts';
import type { HookName } from '../../policy/hook-table.ts';
import type { AuthVerdict } from '../../users/auth-chain.ts';
import type { Credentials } from '../../users/auth-source.ts';
import type { OfferFacts } from '../protocol/extension-table.ts';
import { lenienceOf } from '../protocol/lenience.ts';
import { isPositive, type Reply } from '../protocol/reply.ts';
import type { Client } from './client.ts';
import type { CommandLine } from './command-parser.ts';
import type { PathArgument } from './path-argument.ts';
import type { RecipientInHand } from './recipient-decider.ts';
import type { ErrorName, ErrorParams } from './reply-table.ts';
import type { Event, Phase, Refusal, State } from './state-machine.ts';
import type { Transaction } from './transaction.ts';
import type { Verbosity } from './verbosity.ts';

/** What a command may know and do of its session. */
export interface CommandContext<S extends State = State> extends OfferFacts {
  readonly values: OptionValues;
  readonly client: Client;
  /** Our name. */
  readonly hostName: string;
  readonly idSess: string;
  /** Where the session stands; one of the phases of the command. */
  readonly state: S;
  /** Who the client is since an AUTH succeeded, or since XCLIENT said so; undefined before. */
  readonly auth: Authentication | undefined;
  authenticate(auth: Authentication): void;
  /** In a transaction that has said SMTPUTF8: default replies may hold UTF-8. */
  readonly isUtf8: boolean;
  /** What the sources of log-ins say; undefined when there is none, and when the session is over. */
  verify(credentials: Credentials, mechanism: string): Maybe<AuthVerdict | undefined>;
  /** A log-in was refused with this code. `guessed`: it counts for limit-auth. */
  authRefused(attempt: RefusedLogin, code: number, guessed: boolean): void;
  /** The session ended before it was answered. */
  authUnheard(attempt: RefusedLogin): void;
  /** How many of them counted. */
  readonly refusedLogins: number;
  /** Waits until `ms` have passed since `since` (monotonic), or the session is over. */
  waitSince(since: number, ms: number): Maybe<undefined>;
  /** Monotonic, milliseconds. */
  readonly now: number;
  /** The listener serves only who has authenticated, and this one has not. */
  readonly mustAuthenticate: boolean;
  /** Nothing is to be said in clear but what leads to TLS. */
  readonly mustSecure: boolean;
  /** What a handshake is made with; undefined: there is nothing. */
  readonly contexts: TlsContexts | undefined;
  /** The peer may use XCLIENT and VERB. */
  readonly trusted: boolean;
  has(hook: HookName): boolean;
  /** What the next hop has against the sender. */
  decideSender(transaction: Transaction): Maybe<Objection | undefined>;
  /** What somebody behind hook.rcpt has against a recipient. */
  decideRecipient(inHand: RecipientInHand): Maybe<Objection | undefined>;
  /** A transaction with the next id; nothing else happens yet. */
  newTransaction(mail: PathArgument<'MAIL'>): Transaction;
  /** The policy sees the transaction: client.id_trans, client.parameters, new mime.parts and uri.found. */
  showTransaction(transaction: Transaction): void;
  /** A recipient was added to those of the transaction. */
  recipientTaken(): void;
  /** The place for the message, made unless there is one from a refused DATA: client.msg_file. */
  openMessage(transaction: Transaction): Spool;
  /** Fields for the client table. */
  setClient(fields: Readonly<Record<string, LuaValue>>): void;
  /** The words of option verbose, each with its state; `change` switches words of the whole process on or off. */
  verbosity(change: string): Verbosity;
}

export type Parsed<P> =
  | { readonly kind: 'go'; readonly value: P }
  /**
   * The engine says no; no hook is called and nothing changes. `swallow`: so many octets follow the line whatever is said to it (BDAT);
   * they are thrown away before the refusal goes out, and nothing looks for commands in them. `closes`: nobody knows where they end, or they
   * are too many to be waited for: the session ends with the refusal.
   */
  | ({ readonly kind: 'refuse'; readonly swallow?: number; readonly closes?: true } & Refusal)
  /** A 334 with this text goes out, and the next line is its answer (RFC 4954 section 4). */
  | { readonly kind: 'ask'; readonly challenge: string };

/** What `decide` says: this reply instead of the hook's or the default one. `cause` as of every reply. */
export interface Objection {
  readonly reply: Reply;
  readonly cause: string;
}

/** What `apply` says becomes of the session. */
export type Applied =
  /** The client is another one from now on, and the session starts over with a new banner instead of the reply. */
  | {
      readonly kind: 'client';
      readonly client: Client;
      readonly auth: Authentication | undefined;
    }
  /** Behind the reply comes a TLS handshake, and the session begins anew without a banner. */
  | { readonly kind: 'secure'; readonly contexts: TlsContexts };

/** Facts of a successful AUTH. */
export interface Authentication {
  /** client.auth_user */
  readonly user: string;
  /** client.auth_mechanism; undefined when XCLIENT said it. */
  readonly mechanism: string | undefined;
  /** Who has said yes, for the log. */
  readonly source: string;
}

/** What is told of a log-in that was refused, or not answered. */
export interface RefusedLogin {
  readonly login: string;
  readonly mechanism: string;
  /** client.auth_result */
  readonly result: string | undefined;
}

/** The context of a command that is served in some phases only. */
type ContextIn<F extends Phase> = CommandContext<Extract<State, { readonly phase: F }>>;

/** `F`: the phases in which it is served, where its steps count on what they have (the transaction). */
export interface CommandSpec<P, F extends Phase = Phase> {
  /** Upper case. */
  readonly verb: string;
  readonly phases: readonly F[];
  /** See Command. */
  readonly ownOctets?: boolean;
  /** False: to this client, now, the command is unknown. */
  offered?(context: ContextIn<F>): boolean;
  /** Syntax and the engine's own checks. `answers`: what the client said to each 334 so far. */
  parse(line: CommandLine, context: ContextIn<F>, answers: readonly string[]): Parsed<P>;
  /** What the hook shall see. */
  prepare?(value: P, context: ContextIn<F>): Maybe<void>;
  /** undefined: the policy is not asked. */
  readonly hook: HookName | undefined;
  args(value: P): readonly LuaValue[];
  /** The hook has returned, whatever it said: what it alone was to see is taken away again. */
  finish?(value: P, context: ContextIn<F>): void;
  /**
   * So many octets follow the line, and are read or thrown away before it is answered, whatever the hook says: `reply` is not sent then. When
   * the hook does not say no `effect` takes them.
   */
  octets?(value: P): number;
  /** A positive reply ends the transaction: header edits of the hook belong to the next message. */
  readonly endsTransaction?: boolean;
  /** When the hook did not say no: what becomes of the session. */
  apply?(value: P, context: ContextIn<F>): Applied;
  /**
   * When the hook did not say no: what somebody else has against it. undefined: nothing, also when the session is over. `said`: the code of
   * the hook's reply; undefined without one.
   */
  decide?(value: P, context: ContextIn<F>, said: number | undefined): Maybe<Objection | undefined>;
  /** When the hook said no: what its reply waits for. */
  beforeRefusal?(value: P, context: ContextIn<F>): Maybe<undefined>;
  /** The reply when the hook gives none. */
  reply(value: P, context: ContextIn<F>): Reply;
  /** Codes that count as success; without it 2xx. */
  succeeds?(code: number): boolean;
  /**
   * The session is over, so that there is no effect: what is to be told all the same. `code`: of the reply that ended it; undefined when there
   * was none.
   */
  cut?(value: P, context: ContextIn<F>, code: number | undefined): void;
  /** The change of state after the reply was sent, with this code (250 when octets of the command are still to come); undefined: none. */
  effect?(value: P, success: boolean, context: ContextIn<F>, code: number): Event | undefined;
}

/** How a command is run when its type of value is of no interest: the steps bound to one parsed value. */
export interface Prepared {
  readonly hook: HookName | undefined;
  prepare(context: CommandContext): Maybe<void>;
  args(): readonly LuaValue[];
  readonly endsTransaction: boolean;
  finish(context: CommandContext): void;
  /** undefined: the command is its line. */
  readonly octets: number | undefined;
  readonly applies: boolean;
  apply(context: CommandContext): Applied | undefined;
  decide(context: CommandContext, said: number | undefined): Maybe<Objection | undefined>;
  beforeRefusal(context: CommandContext): Maybe<undefined>;
  reply(context: CommandContext): Reply;
  succeeds(code: number): boolean;
  cut(context: CommandContext, code: number | undefined): void;
  effect(success: boolean, context: CommandContext, code: number): Event | undefined;
}

export type Started =
  | { readonly kind: 'go'; readonly command: Prepared }
  | Extract<Parsed<unknown>, { kind: 'refuse' | 'ask' }>;

export interface Command {
  readonly verb: string;
  readonly phases: readonly Phase[];
  readonly hook: HookName | undefined;
  /** Octets of its own follow its line: it is read also where it is not offered or out of sequence, and says itself that it is. */
  readonly ownOctets: boolean;
  offered(context: CommandContext): boolean;
  start(line: CommandLine, context: CommandContext, answers: readonly string[]): Started;
}

/** Phases in which a command that is always allowed is served. */
export const ANY_PHASE = ['greeted', 'hello', 'mail', 'rcpt', 'chunks'] as const satisfies readonly Phase[];

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
  get octets(): number | undefined {
    return this.#spec.octets?.(this.#value);
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
  decide(context: CommandContext, said: number | undefined): Maybe<Objection | undefined> {
    return this.#spec.decide?.(this.#value, context, said);
  }
  beforeRefusal(context: CommandContext): Maybe<undefined> {
    return this.#spec.beforeRefusal?.(this.#value, context);
  }
  reply(context: CommandContext): Reply {
    return this.#spec.reply(this.#value, context);
  }
  succeeds(code: number): boolean {
    return this.#spec.succeeds?.(code) ?? isPositive(code);
  }
  cut(context: CommandContext, code: number | undefined): void {
    this.#spec.cut?.(this.#value, context, code);
  }
  effect(success: boolean, context: CommandContext, code: number): Event | undefined {
    return this.#spec.effect?.(this.#value, success, context, code);
  }
}

/** The conversation asks for a command in its phases only, so its steps have the state that they name. */
export function command<P>(spec: CommandSpec<P>): Command {
  return {
    verb: spec.verb,
    phases: spec.phases,
    hook: spec.hook,
    ownOctets: spec.ownOctets === true,
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

export function refuse(error: ErrorName, params?: ErrorParams): Extract<Parsed<unknown>, { kind: 'refuse' }> {
  return params === undefined ? { kind: 'refuse', error } : { kind: 'refuse', error, params };
}
