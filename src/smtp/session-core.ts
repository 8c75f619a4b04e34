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
import { countReply } from './counters.ts';
import { type Ending, hookError } from './ending.ts';
import type { HookAnswer, Hooks } from './hooks.ts';
import type { Output } from './output.ts';
import type { Reply } from './reply.ts';
import { type ErrorName, type ErrorParams, errorReply } from './reply-table.ts';
import type { ServerDeps } from './session-context.ts';
import { AUTH_COMMAND } from './session-log.ts';
import type { Transaction } from './transaction.ts';

/** Sums of one session, for its summary line. */
export interface SessionSums {
  commands: number;
  /** Commands since the last message. */
  commandsWithoutMessage: number;
  errors: number;
  unknown: number;
  messages: number;
  /** The hello as given, '' before one. */
  hello: string;
}

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

export class SessionCore {
  readonly deps: ServerDeps;
  readonly options: Options;
  readonly log: Log;
  readonly idSess: string;
  readonly client: Client;
  readonly input: LineReader;
  readonly output: Output;
  /** One list for the session: a header added before MAIL is kept for the next message. */
  readonly headers = new HeaderList();
  readonly sums: SessionSums = {
    commands: 0,
    commandsWithoutMessage: 0,
    errors: 0,
    unknown: 0,
    messages: 0,
    hello: '',
  };
  /** Set once: why the session ends. Nothing more is read or executed then. */
  ending: Ending | undefined;
  /** The client sent something before it had the reply to what it sent last (client.is_pipelining). */
  pipelining = false;
  /** A hook asked for the end: it comes with the next reply. */
  dropping = false;
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
  /** The transaction that the policy sees, from MAIL to reset. */
  #transaction: Transaction | undefined;

  constructor(parts: CoreParts) {
    this.deps = parts.deps;
    this.options = parts.options;
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

  get transaction(): Transaction | undefined {
    return this.#transaction;
  }

  /** MAIL was understood: the policy sees the new transaction in the place of one that a refusal had ended. */
  showTransaction(transaction: Transaction): Maybe<void> {
    const before = this.#transaction;
    this.#transaction = transaction;
    this.hooks.client({ id_trans: transaction.id, msg_file: undefined, message_length: undefined });
    this.#forgetTables();
    return before?.dispose();
  }

  /** hook.reset, then everything of the transaction is given up (spec of the original, section 3.6). */
  reset(): Maybe<void> {
    return chain(this.hooks.call('reset', []), () => {
      const before = this.#transaction;
      this.#transaction = undefined;
      this.headers.clear();
      if (before === undefined) return;
      this.hooks.client({ id_trans: undefined, msg_file: undefined, message_length: undefined });
      this.#forgetTables();
      return before.dispose();
    });
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
   * comes from: `engine`, `hook.mail`, `next hop` ...
   */
  send(reply: Reply, cause: string): Maybe<number> {
    if (this.#hooks === undefined || !this.#hooks.has('reply')) return this.#write(reply, cause);
    return chain(this.#hooks.call('reply', [reply.text]), (answer) => {
      if ((answer.kind === 'silent' || answer.kind === 'reply') && answer.drop) this.dropping = true;
      return answer.kind === 'reply' && answer.reply.text !== reply.text
        ? this.#write(answer.reply, 'hook.reply')
        : this.#write(reply, cause);
    });
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
  fail(answer: Extract<HookAnswer, { kind: 'failed' | 'limit' }>): Maybe<void> {
    const limit = answer.kind === 'limit' ? answer.limit : undefined;
    const error = answer.kind === 'failed' && answer.reason === 'too-long' ? 'replyTooLong' : 'internal';
    return this.refuseAndEnd(error, undefined, {
      code: 4,
      cause: answer.message,
      error: hookError(answer.message, limit),
    });
  }

  /** What counts of an answer: with hook-error=default a Lua error is no answer. */
  settle(answer: HookAnswer): HookAnswer {
    const tolerated =
      answer.kind === 'failed' && answer.reason === 'error' && this.values['hook-error'] === 'default';
    return tolerated ? { kind: 'silent', drop: false } : answer;
  }

  #write(reply: Reply, cause: string): number {
    const { code } = reply;
    countReply(this.deps.counters, code);
    if (code >= 400) this.#logRefusal(reply, cause);
    else if (this.log.verbose('smtp')) this.log.write('debug', '<', { reply: reply.text.trimEnd() });
    this.output.add(reply.text);
    if (this.dropping) this.end({ code: 1, cause: `dropped by ${cause}` });
    return code;
  }

  #logRefusal(reply: Reply, cause: string): void {
    this.sums.errors++;
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
