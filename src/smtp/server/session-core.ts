// What the parts of one session share: the client, the policy's hooks, the transaction, and how the session ends. What has one writer is
// private to it; of the rest it is said who writes.

import type { Hiding } from '../../base/hiding.ts';
import type { Log } from '../../base/log.ts';
import { chain, type Maybe } from '../../base/maybe.ts';
import { SecretLog } from '../../base/secret-log.ts';
import type { LuaRecord } from '../../lua-api/value.ts';
import { HeaderList } from '../../message/header/header-list.ts';
import { type ObserverKey, observerTable } from '../../message/observer-table.ts';
import type { LineReader } from '../../net/line-reader.ts';
import type { ListenerRow } from '../../net/listener-row.ts';
import type { TlsContexts } from '../../net/tls-context.ts';
import type { TlsFacts } from '../../net/tls-facts.ts';
import type { OptionValues } from '../../options/option-table.ts';
import type { Options } from '../../options/options.ts';
import type { ShownFact } from '../../policy/session-view.ts';
import type { Client } from './client.ts';
import type { Applied, Authentication } from './command.ts';
import type { Ending } from './ending.ts';
import { mailFields } from './envelope-fields.ts';
import type { OwnWait } from './followed-wait.ts';
import type { PolicyHooks } from './hooks.ts';
import type { Output } from './output.ts';
import { Replies } from './replies.ts';
import type { RunningScript } from './script-hooks.ts';
import type { SecureLine } from './secure-line.ts';
import type { ServerDeps } from './server-deps.ts';
import { fieldsEndingAt, type Moment, moments } from './session-facts.ts';
import { AUTH_COMMAND } from './session-log.ts';
import { SessionReport } from './session-report.ts';
import { tlsTable } from './tls-table.ts';
import type { Transaction } from './transaction.ts';

/** What counts for the limits of a client; begins anew when XCLIENT names another one. */
export interface ClientCounts {
  /** Commands since the last message. */
  commandsWithoutMessage: number;
  /** Chunks of few octets since the last message. */
  smallChunks: number;
  errors: number;
  unknown: number;
  /** 5xx to AUTH with a user and a password. */
  refusedLogins: number;
}

const newCounts = (): ClientCounts => ({
  commandsWithoutMessage: 0,
  smallChunks: 0,
  errors: 0,
  unknown: 0,
  refusedLogins: 0,
});

/** What a session knows of its listener. */
export type SessionListener = Pick<ListenerRow, 'name' | 'options' | 'flags'>;

const UNEDITED: readonly string[] = [];

export interface CoreParts {
  readonly deps: ServerDeps;
  readonly listener: SessionListener;
  /** Lines of the engine, with the session id. */
  readonly log: Log;
  readonly idSess: string;
  readonly client: Client;
  readonly input: LineReader;
  readonly output: Output;
  readonly line: SecureLine;
  /** Tells the session that it is over. */
  readonly ended: () => void;
}

export class SessionCore {
  readonly deps: ServerDeps;
  readonly listener: SessionListener;
  readonly log: Log;
  readonly report: SessionReport;
  readonly idSess: string;
  readonly input: LineReader;
  readonly output: Output;
  readonly line: SecureLine;
  readonly replies: Replies;
  /** Headers that are added outside of a transaction: the next one takes them over. Written by the policy, too. */
  readonly earlyHeaders = new HeaderList();
  /**
   * Written by conversation, line-checks and message-dialogue (commands, smallChunks), conversation (unknown), conversation-context (refusedLogins) and
   * replies (errors).
   */
  counts = newCounts();
  /** The client sent something before it had the reply to what it sent last (client.is_pipelining). Written by welcome and line-checks. */
  pipelining = false;
  /** The hello that was accepted last was EHLO. Written by conversation. */
  extended = false;
  /** A command runs that ends the transaction: header edits belong to the next message already. Written by conversation, too. */
  endingTransaction = false;
  /** A message is being forwarded, by hook.forward or to a smart host. Written by message-end. */
  delivering = false;
  /** The passwords that the client has given. Written by conversation-context. */
  hiding: Hiding | undefined;
  /** What the session itself waits for. Written by followed-wait. */
  ownWait: OwnWait | undefined;
  /** The function of a script that is under way. Written by ask-scripts. */
  script: RunningScript | undefined;
  /** The next hop that was asked last. Written by to-smart-host and next-hop. */
  nextHop = '';
  /** The client has closed its side. Written by session. */
  inputEnded = false;
  /**
   * Called when the client has sent something, or closed its side, while the session waits for that. Written by session-opening and
   * session-dialogue.
   */
  inputArrived: (() => void) | undefined;
  readonly #ended: () => void;
  #client: Client;
  #auth: Authentication | undefined;
  #ending: Ending | undefined;
  #resetting = false;
  #abort: AbortController | undefined;
  #closingAbort: AbortController | undefined;
  #atInterrupt: (() => void) | undefined;
  #interrupted = false;
  #interruptedFor: string | undefined;
  #hooks: PolicyHooks | undefined;
  #options: Options;
  /** What the policy has read of the message: it must ask again when the transaction changes. */
  #observed: ObserverKey[] | undefined;
  /** What it has read of the session, likewise. */
  #shown: Set<ShownFact> | undefined;
  #helo = '';
  /** The transaction that the policy sees, from MAIL to reset. */
  #transaction: Transaction | undefined;

  constructor(parts: CoreParts) {
    this.deps = parts.deps;
    this.listener = parts.listener;
    this.#options = parts.listener.options.fork();
    this.log = new SecretLog(
      parts.log,
      () => this.hiding,
      () => this.replies.command === AUTH_COMMAND,
    );
    this.report = new SessionReport(this.log, (text) => this.hide(text));
    this.idSess = parts.idSess;
    this.#client = parts.client;
    this.input = parts.input;
    this.output = parts.output;
    this.line = parts.line;
    this.#ended = parts.ended;
    this.replies = new Replies(this);
  }

  /** A text without the passwords that the client has given. */
  hide(text: string): string {
    return this.hiding === undefined ? text : this.hiding.in(text);
  }

  /** Another one after XCLIENT. */
  get client(): Client {
    return this.#client;
  }

  /** Who the client is since AUTH succeeded, or since XCLIENT said so. */
  get auth(): Authentication | undefined {
    return this.#auth;
  }

  authenticate(auth: Authentication): void {
    this.#auth = auth;
    this.report.authenticated(auth, this.client);
    this.setClient({ authenticated: true, auth_user: auth.user });
  }

  /** Argument of the EHLO or HELO that is being answered, or that was accepted last. Written by conversation. */
  get helo(): string {
    return this.#helo;
  }

  set helo(argument: string) {
    this.#helo = argument;
    this.changed('helo');
  }

  /** Set once: why the session ends. Nothing more is read or executed then. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** hook.reset runs: headers belong to no message. */
  get resetting(): boolean {
    return this.#resetting;
  }

  get values(): OptionValues {
    return this.options.values;
  }

  /** The policy of this connection; undefined until its instance is there. */
  get hooks(): PolicyHooks {
    if (this.#hooks === undefined) throw new Error('the policy is not there yet');
    return this.#hooks;
  }

  /** Milliseconds that hooks have taken since the policy's instance is there. */
  get hooksSpent(): number {
    return this.#hooks?.spent ?? 0;
  }

  /** Of the policy that decides about this client. */
  get revision(): number {
    return this.#hooks?.revision ?? 0;
  }

  get hasPolicy(): boolean {
    return this.#hooks !== undefined;
  }

  setPolicy(hooks: PolicyHooks): void {
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
    for (const header of this.earlyEdits) transaction.headers.add(header);
    this.hooks.client(mailFields(transaction));
    this.#forgetObserved();
    this.#envelopeChanged();
  }

  /** The early headers as they are, to go back to them (takeBackHeaders). */
  get earlyEdits(): readonly string[] {
    return this.earlyHeaders.edited ? this.earlyHeaders.all : UNEDITED;
  }

  /** A hook edited headers, and its command was refused or is to be forgotten: everything is as it was before. */
  takeBackHeaders(before: readonly string[]): void {
    if (!this.earlyHeaders.edited) return;
    this.earlyHeaders.clear();
    for (const header of before) this.earlyHeaders.add(header);
  }

  /** MAIL was accepted: the early headers are the transaction's. */
  keepTransaction(): void {
    this.earlyHeaders.clear();
  }

  /** The transaction that there may be is over: once, whatever way it ends. `cause`: how, where nobody has said anything about its message. */
  tellMail(cause: string): void {
    const transaction = this.#transaction;
    if (transaction === undefined || transaction.story.told) return;
    transaction.story.told = true;
    this.report.mail(this, transaction, cause);
  }

  /** Everything of the transaction that ends at `moment` is given up. */
  dropTransaction(moment: Moment): Maybe<void> {
    this.tellMail(moments[moment]);
    const before = this.#transaction;
    this.#transaction = undefined;
    this.endingTransaction = false;
    if (before === undefined) return;
    this.hooks.client(fieldsEndingAt(moment, before.sent));
    this.#forgetObserved();
    this.#envelopeChanged();
    return before.dispose();
  }

  /**
   * hook.reset, then the transaction is dropped. When the hook fails the session ends with 421: what
   * the policy keeps of one message must not decide about the next.
   */
  reset(moment: Moment): Maybe<void> {
    this.tellMail(this.#interruptedFor ?? moments[moment]);
    this.endingTransaction = false;
    if (this.#transaction !== undefined) this.#transaction.headersEditable = false;
    this.#resetting = true;
    return chain(this.hooks.call('reset', []), (given) => {
      this.#resetting = false;
      return chain(this.dropTransaction(moment), () => {
        const answer = this.replies.settle(given);
        if (answer.kind === 'failed' || answer.kind === 'limit') return this.replies.fail(answer);
      });
    });
  }

  /** XCLIENT: another client from here on. The policy's instance ends, quietly; what its hooks have set, and what counted, is gone. */
  startOver({ client, auth }: Extract<Applied, { kind: 'client' }>): void {
    this.log.emit('link-xclient', {
      client: client.address,
      host: client.host,
      before: this.#client.address,
      peer: client.peer,
      ...(auth === undefined ? {} : { login: auth.user }),
    });
    this.#client = client;
    this.#auth = auth;
    this.#hooks?.close();
    this.#hooks = undefined;
    this.replies.startOver();
    this.#options = this.listener.options.fork();
    this.earlyHeaders.clear();
    this.counts = newCounts();
    this.report.hello('');
    this.pipelining = false;
    this.helo = '';
    this.#observed = undefined;
    this.#shown = undefined;
  }

  /** STARTTLS may be offered: there are certificates, and the listener does not say no. */
  get canSecure(): boolean {
    const { flags, options } = this.listener;
    return this.deps.tls !== undefined && options.values['smtp-tls'] !== '' && !flags.has('no-tls');
  }

  /** Those of the listener: a session changes none of its options. */
  get contexts(): TlsContexts | undefined {
    return this.canSecure ? this.deps.tls?.contexts(this.listener.options.values) : undefined;
  }

  /** The handshake is done: what the client has said in clear may have been somebody else's words (RFC 3207 section 4.2). */
  secured(tls: TlsFacts): void {
    this.#client.tls = tls;
    this.#auth = undefined;
    this.helo = '';
    this.pipelining = false;
    this.report.hello('');
    this.report.secured(this.#client);
    this.setClient(fieldsEndingAt('starttls'));
    this.setClient({ is_tls: true, tls: tlsTable(tls), authenticated: false, is_pipelining: false });
  }

  /** The policy has read this as a field of client: it must ask again when it changes. */
  shown(fact: ShownFact): void {
    this.#shown ??= new Set();
    this.#shown.add(fact);
  }

  /** Nothing is done for policies that do not read it. */
  changed(fact: ShownFact): void {
    if (this.#shown?.delete(fact) === true) this.#hooks?.forget('client', fact);
  }

  #envelopeChanged(): void {
    if (this.#shown === undefined) return;
    this.changed('sender');
    this.changed('recipients');
  }

  /** The policy reads what is observed of the message under this key. */
  observed(key: ObserverKey): void {
    this.#observed ??= [];
    if (!this.#observed.includes(key)) this.#observed.push(key);
  }

  #forgetObserved(): void {
    if (this.#observed === undefined) return;
    for (const key of this.#observed) {
      const { shown } = observerTable[key];
      if (shown !== undefined) this.hooks.forget(shown.module, shown.field);
    }
    this.#observed = undefined;
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

  /** Likewise for what is begun when the session has its ending: aborted when that is cut off, too. */
  get closingSignal(): AbortSignal {
    this.#closingAbort ??= new AbortController();
    return this.#closingAbort.signal;
  }

  /**
   * Has `stop` called when the session is cut off, at once if it was; undefined: nothing any more. For one wait at a time that comes with every
   * connection: a signal of its own, with a listener, would cost it as much as a command.
   */
  stopAtInterrupt(stop: (() => void) | undefined): void {
    this.#atInterrupt = stop;
    if (this.#interrupted) stop?.();
  }

  /** True once the session ends, or was cut off and is about to: nothing new is begun. */
  get isOver(): boolean {
    return this.#ending !== undefined || this.#interrupted;
  }

  /** Cuts off what the session waits for; the command in hand comes to its end at once. `cause`: why, where the session goes on to its last word. */
  interrupt(cause?: string): void {
    this.#interrupted = true;
    this.#interruptedFor ??= cause;
    this.#atInterrupt?.();
    this.#abort?.abort();
    this.#closingAbort?.abort();
    this.#hooks?.cancel();
  }

  /** The first cause counts. */
  end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#ended();
  }
}
