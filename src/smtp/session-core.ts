// What the parts of one session share: the client, the policy's hooks, the way to the client, and how the session ends. Here is the one
// function that sends replies: it asks hook.reply, counts, logs every refusal with its cause, and obeys the drop flag.
import type { LuaRecord } from '../lua/value.ts';
import { HeaderList } from '../message/header-list.ts';
import { chain, type Maybe } from '../message/maybe.ts';
import type { LineReader } from '../net/line-reader.ts';
import type { Log } from '../ops/log.ts';
import type { OptionValues } from '../options/option-table.ts';
import type { Options } from '../options/options.ts';
import type { Client } from './client.ts';
import type { Applied, Authentication } from './command.ts';
import { countReply } from './counters.ts';
import { type Ending, hookError } from './ending.ts';
import type { HookAnswer, Hooks } from './hooks.ts';
import type { Output } from './output.ts';
import type { Reply } from './reply.ts';
import { type ErrorName, type ErrorParams, errorReply } from './reply-table.ts';
import type { ServerDeps } from './session-context.ts';
import { fieldsEndingAt, type Moment } from './session-facts.ts';
import { AUTH_COMMAND } from './session-log.ts';
import type { Transaction } from './transaction.ts';

/** Sums of one session, for its summary line. */
export interface SessionSums {
  commands: number;
  errors: number;
  messages: number;
  /** The last hello as given, '' before one. */
  hello: string;
}

/** What counts for the limits of a client; begins anew when XCLIENT names another one. */
export interface ClientCounts {
  /** Commands since the last message. */
  commandsWithoutMessage: number;
  errors: number;
  unknown: number;
}

const newCounts = (): ClientCounts => ({ commandsWithoutMessage: 0, errors: 0, unknown: 0 });

export interface CoreParts {
  readonly deps: ServerDeps;
  readonly options: Options;
  /** Lines of the engine, with the session id. */
  readonly log: Log;
  readonly idSess: string;
  readonly client: Client;
  readonly input: LineReader;
  readonly output: Output;
  /** Tells the session that it is over. */
  readonly ended: () => void;
}

type Failed = Extract<HookAnswer, { kind: 'failed' | 'limit' }>;

/** A hook that says 421 announces the end, and the client expects it. */
function isHooks421(reply: Reply, cause: string): boolean {
  return reply.code === 421 && cause.startsWith('hook.');
}

export class SessionCore {
  readonly deps: ServerDeps;
  readonly log: Log;
  readonly idSess: string;
  /** Another one after XCLIENT. */
  client: Client;
  /** Who the client is since AUTH succeeded, or since XCLIENT said so. */
  auth: Authentication | undefined;
  readonly input: LineReader;
  readonly output: Output;
  /** Headers that are added outside of a transaction: the next one takes them over. */
  readonly earlyHeaders = new HeaderList();
  readonly sums: SessionSums = { commands: 0, errors: 0, messages: 0, hello: '' };
  counts = newCounts();
  /** Set once: why the session ends. Nothing more is read or executed then. */
  ending: Ending | undefined;
  /** The client sent something before it had the reply to what it sent last (client.is_pipelining). */
  pipelining = false;
  /** A hook asked for the end: it comes with the next reply. */
  dropping = false;
  /** A command runs that ends the transaction: header edits belong to the next message already. */
  endingTransaction = false;
  /** hook.reset runs: headers belong to no message. */
  resetting = false;
  /** A message is being forwarded, by hook.forward or to a smart host. */
  delivering = false;
  /** The policy has read mime.parts or uri.found: it must ask again when the transaction changes. */
  tablesRead = false;
  /** Called when the client has sent something while the session waits for that. */
  inputArrived: (() => void) | undefined;
  /** The command in hand, as far as it may be logged. */
  command = '';
  readonly #ended: () => void;
  #abort: AbortController | undefined;
  #interrupted = false;
  #hooks: Hooks | undefined;
  #options: Options;
  /** hook.reply has failed: it is not asked any more. */
  #replyFailed = false;
  /** The transaction that the policy sees, from MAIL to reset. */
  #transaction: Transaction | undefined;

  constructor(parts: CoreParts) {
    this.deps = parts.deps;
    this.#options = parts.options;
    this.log = parts.log;
    this.idSess = parts.idSess;
    this.client = parts.client;
    this.input = parts.input;
    this.output = parts.output;
    this.#ended = parts.ended;
  }

  get values(): OptionValues {
    return this.options.values;
  }

  /** The policy of this connection; undefined until its instance is there. */
  get hooks(): Hooks {
    if (this.#hooks === undefined) throw new Error('the policy is not there yet');
    return this.#hooks;
  }

  get hasPolicy(): boolean {
    return this.#hooks !== undefined;
  }

  setPolicy(hooks: Hooks): void {
    this.#hooks = hooks;
  }

  get options(): Options {
    return this.#options;
  }

  get transaction(): Transaction | undefined {
    return this.#transaction;
  }

  /** MAIL was understood: the policy sees the new transaction, with the headers that were added for it. */
  showTransaction(transaction: Transaction): void {
    this.#transaction = transaction;
    for (const header of this.earlyHeaders.all) transaction.headers.add(header);
    this.hooks.client({ id_trans: transaction.id });
    this.#forgetTables();
  }

  /** The early headers as they are, to go back to them (takeBackHeaders). */
  get earlyEdits(): readonly string[] {
    return this.earlyHeaders.edited ? this.earlyHeaders.all : [];
  }

  /** A hook edited headers, and its command was refused: everything is as it was before. */
  takeBackHeaders(before: readonly string[]): void {
    if (!this.earlyHeaders.edited) return;
    this.earlyHeaders.clear();
    for (const header of before) this.earlyHeaders.add(header);
  }

  /** MAIL was accepted: the early headers are the transaction's. */
  keepTransaction(): void {
    this.earlyHeaders.clear();
  }

  /** Everything of the transaction that ends at `moment` is given up. */
  dropTransaction(moment: Moment): Maybe<void> {
    const before = this.#transaction;
    this.#transaction = undefined;
    this.endingTransaction = false;
    if (before === undefined) return;
    this.hooks.client(fieldsEndingAt(moment));
    this.#forgetTables();
    return before.dispose();
  }

  /**
   * hook.reset, then the transaction is dropped (spec of the original, section 3.6). When the hook fails the session ends with 421: what
   * the policy keeps of one message must not decide about the next.
   */
  reset(moment: Moment): Maybe<void> {
    this.endingTransaction = false;
    if (this.#transaction !== undefined) this.#transaction.headersEditable = false;
    this.resetting = true;
    return chain(this.hooks.call('reset', []), (given) => {
      this.resetting = false;
      return chain(this.dropTransaction(moment), () => {
        const answer = this.settle(given);
        if (answer.kind === 'failed' || answer.kind === 'limit') return this.fail(answer);
      });
    });
  }

  /** XCLIENT: another client from here on. The policy's instance ends, quietly; what its hooks have set, and what counted, is gone. */
  startOver({ client, auth }: Applied): void {
    this.log.write('info', 'client named by XCLIENT', {
      client: client.address,
      host: client.host,
      before: this.client.address,
      peer: client.peer,
      ...(auth === undefined ? {} : { login: auth.user }),
    });
    this.client = client;
    this.auth = auth;
    this.#hooks?.close();
    this.#hooks = undefined;
    this.#replyFailed = false;
    this.#options = this.deps.options.fork();
    this.earlyHeaders.clear();
    this.counts = newCounts();
    this.sums.hello = '';
    this.pipelining = false;
    this.tablesRead = false;
  }

  #forgetTables(): void {
    if (this.tablesRead) this.hooks.forgetTables();
    this.tablesRead = false;
  }

  setClient(fields: LuaRecord): void {
    this.#hooks?.client(fields);
  }

  /** Aborted when the session is cut off: for what it waits for outside of Lua. */
  get abortSignal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#interrupted) this.#abort.abort();
    return this.#abort.signal;
  }

  /** True once the session ends, or was cut off and is about to: nothing new is begun. */
  get isOver(): boolean {
    return this.ending !== undefined || this.#interrupted;
  }

  /** Cuts off what the session waits for; the command in hand comes to its end at once. */
  interrupt(): void {
    this.#interrupted = true;
    this.#abort?.abort();
    this.#hooks?.cancel();
  }

  /** The first cause counts. */
  end(ending: Ending): void {
    if (this.ending !== undefined) return;
    this.ending = ending;
    this.#ended();
  }

  /**
   * Sends a reply (it goes out with the next flush), after hook.reply had its say. Gives the code that was sent. `cause` says where it
   * comes from: `engine`, `hook.mail`, `next hop` ... `done`: what the reply says has been done and cannot be taken back (the next hop has
   * the message), so that it is sent even when hook.reply fails.
   */
  send(reply: Reply, cause: string, done = false): Maybe<number> {
    if (this.#hooks === undefined || this.#replyFailed || !this.#hooks.has('reply')) {
      return this.#write(reply, cause, isHooks421(reply, cause));
    }
    return chain(this.#hooks.call('reply', [reply.text], reply.code), (given) => {
      const answer = this.settle(given);
      switch (answer.kind) {
        case 'failed':
        case 'limit':
          return this.#failReply(answer, reply, cause, done);
        case 'cancelled':
          return this.#write(reply, cause, isHooks421(reply, cause));
        case 'silent':
        case 'reply': {
          if (answer.drop) this.dropping = true;
          if (answer.kind === 'silent' || answer.reply.text === reply.text) {
            return this.#write(reply, cause, isHooks421(reply, cause));
          }
          // A 421 of the engine ends by itself, in whatever words; every other one is a hook's.
          return this.#write(
            answer.reply,
            'hook.reply',
            answer.reply.code === 421 && (reply.code !== 421 || isHooks421(reply, cause)),
          );
        }
      }
    });
  }

  /** hook.reply has failed, and is not asked again. The session ends: with 421, or with the reply when it must be said. */
  #failReply(answer: Failed, reply: Reply, cause: string, done: boolean): Maybe<number> {
    this.#replyFailed = true;
    this.dropping = false;
    if (!done && reply.code !== 421) return chain(this.fail(answer), () => 421);
    this.#write(reply, cause, false);
    this.#endWith(answer);
    return reply.code;
  }

  /** An error of the engine. */
  refuse(error: ErrorName, params?: ErrorParams): Maybe<number> {
    return this.send(errorReply(error, this.values['smtp-error-url'], params), error);
  }

  /** A 421 of the engine and the end. */
  refuseAndEnd(error: ErrorName, params: ErrorParams | undefined, ending: Ending): Maybe<void> {
    return chain(this.refuse(error, params), () => this.end(ending));
  }

  /** A hook has failed: 421 and the end (design: a failing policy must not accept or relay). */
  fail(answer: Failed): Maybe<void> {
    const error = answer.kind === 'failed' && answer.reason === 'too-long' ? 'replyTooLong' : 'internal';
    return chain(this.refuse(error), () => this.#endWith(answer));
  }

  #endWith(answer: Failed): void {
    const limit = answer.kind === 'limit' ? answer.limit : undefined;
    this.end({ code: 4, cause: answer.message, error: hookError(answer.message, limit) });
  }

  /** What counts of an answer: with hook-error=default a failed hook has given no reply. A limit is never tolerated. */
  settle(answer: HookAnswer): HookAnswer {
    const tolerated = answer.kind === 'failed' && this.values['hook-error'] === 'default';
    return tolerated ? { kind: 'silent', drop: false } : answer;
  }

  /** `closes`: it is a 421 of a hook, which ends the session (RFC 5321 section 3.8). */
  #write(reply: Reply, cause: string, closes: boolean): number {
    const { code } = reply;
    countReply(this.deps.counters, code);
    if (code >= 400) this.#logRefusal(reply, cause);
    else if (this.log.verbose('smtp')) this.log.write('debug', '<', { reply: reply.text.trimEnd() });
    this.output.add(reply.text);
    if (this.dropping) this.end({ code: 1, cause: `dropped by ${cause}` });
    else if (closes) this.end({ code: 1, cause: `421 of ${cause}` });
    return code;
  }

  #logRefusal(reply: Reply, cause: string): void {
    this.sums.errors++;
    this.counts.errors++;
    // A reply that repeats an AUTH command repeats the password.
    const secret = this.command === AUTH_COMMAND;
    this.log.write('info', 'refused', {
      reply: secret ? reply.text.slice(0, 9).trimEnd() : reply.text.trimEnd(),
      cause,
      command: this.command,
      client: this.client.address,
    });
  }
}
