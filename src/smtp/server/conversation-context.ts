// What a command may know and do of its session (command.ts), by what the session has. It decides nothing.
import { pause } from '../../base/clock.ts';
import { Hiding } from '../../base/hiding.ts';
import type { Maybe } from '../../base/maybe.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { HeaderList } from '../../message/header/header-list.ts';
import type { Spool } from '../../message/spool.ts';
import type { TlsContexts } from '../../net/tls-context.ts';
import type { OptionValues } from '../../options/option-table.ts';
import type { HookName } from '../../policy/hook-table.ts';
import type { AuthVerdict } from '../../users/auth-chain.ts';
import type { Credentials } from '../../users/auth-source.ts';
import type { NextHopName } from '../protocol/extension-table.ts';
import { hasAuthSource, verdictText, verifyLogin } from './authentication.ts';
import type { Client } from './client.ts';
import type { Authentication, CommandContext, Objection, RefusedLogin } from './command.ts';
import { followed } from './followed-wait.ts';
import { MailStory } from './mail-story.ts';
import { askSender } from './next-hop.ts';
import type { PathArgument } from './path-argument.ts';
import type { RecipientInHand } from './recipient-decider.ts';
import { decideRecipient } from './recipient-deciders.ts';
import type { SessionCore } from './session-core.ts';
import { TransactionIds } from './session-id.ts';
import { INITIAL, type State } from './state-machine.ts';
import { Transaction } from './transaction.ts';
import { changeVerbosity, type Verbosity } from './verbosity.ts';

export class ConversationContext implements CommandContext {
  readonly trusted: boolean;
  /** Written by the conversation. */
  state: State = INITIAL;
  readonly #core: SessionCore;
  readonly #ids: TransactionIds;
  /** Asked once for a connection: what EHLO has offered is not taken back at MAIL. */
  #nextHopOffers: Map<NextHopName, boolean> | undefined;

  constructor(core: SessionCore, trusted: boolean) {
    this.#core = core;
    this.trusted = trusted;
    this.#ids = new TransactionIds(core.idSess, core.deps.random);
  }

  get values(): OptionValues {
    return this.#core.values;
  }
  get client(): Client {
    return this.#core.client;
  }
  get auth(): Authentication | undefined {
    return this.#core.auth;
  }
  authenticate(auth: Authentication): void {
    this.#core.authenticate(auth);
  }
  get mustAuthenticate(): boolean {
    return this.#core.auth === undefined && this.#core.listener.flags.has('auth-required');
  }
  get isUtf8(): boolean {
    return this.#core.transaction?.isUtf8 === true;
  }
  get hostName(): string {
    return this.#core.deps.hostName;
  }
  get idSess(): string {
    return this.#core.idSess;
  }
  has(hook: HookName): boolean {
    return this.#core.hooks.has(hook);
  }
  get secure(): boolean {
    return this.#core.client.tls !== undefined;
  }
  get canSecure(): boolean {
    return this.#core.canSecure && !this.secure;
  }
  get mustSecure(): boolean {
    return this.#core.listener.flags.has('tls-required') && !this.secure;
  }
  get contexts(): TlsContexts | undefined {
    return this.#core.contexts;
  }
  get canAuthenticate(): boolean {
    return this.has('auth') || hasAuthSource(this.#core);
  }
  verify(credentials: Credentials, mechanism: string): Maybe<AuthVerdict | undefined> {
    this.#core.hiding ??= new Hiding();
    this.#core.hiding.add(credentials.user, credentials.password);
    return followed(this.#core, verifyLogin(credentials, mechanism, this.#core), () => ({
      ...{ for: 'users', what: 'who knows the user' },
      outcome: (verdict) => verdictText(verdict),
    }));
  }
  authRefused(attempt: RefusedLogin, code: number, guessed: boolean): void {
    if (guessed) this.#core.counts.refusedLogins++;
    this.#core.report.authRefused(attempt, code, this.client);
  }
  authUnheard(attempt: RefusedLogin): void {
    this.#core.report.authUnheard(attempt, this.client);
  }
  get refusedLogins(): number {
    return this.#core.counts.refusedLogins;
  }
  get now(): number {
    return this.#core.deps.clock.monotonic();
  }
  waitSince(since: number, ms: number): Maybe<undefined> {
    const left = since + ms - this.now;
    if (left <= 0) return undefined;
    const { abortSignal, deps } = this.#core;
    return followed(this.#core, pause(left, deps.clock, abortSignal), () => ({
      ...{ for: 'pause', what: 'a pause, as somebody may be guessing' },
      outcome: () => '',
    }));
  }
  setClient(fields: Readonly<Record<string, LuaValue>>): void {
    this.#core.setClient(fields);
  }
  verbosity(change: string): Verbosity {
    return changeVerbosity(this.#core.deps.options, change);
  }
  decideSender(transaction: Transaction): Maybe<Objection | undefined> {
    return askSender(transaction, this.#core);
  }
  decideRecipient(inHand: RecipientInHand): Maybe<Objection | undefined> {
    return decideRecipient(inHand, this.#core);
  }
  nextHopOffers(name: NextHopName): boolean {
    const known = this.#nextHopOffers?.get(name);
    if (known !== undefined) return known;
    const offers = this.#core.deps.smartHost.offers(name, this.#core.options);
    this.#nextHopOffers ??= new Map();
    this.#nextHopOffers.set(name, offers);
    return offers;
  }
  newTransaction(mail: PathArgument<'MAIL'>): Transaction {
    const { clock } = this.#core.deps;
    const story = new MailStory(clock, this.#core.hooksSpent);
    return new Transaction(this.#ids.next(), mail, new HeaderList(), story);
  }
  showTransaction(transaction: Transaction): void {
    this.#core.showTransaction(transaction);
  }
  recipientTaken(): void {
    this.#core.changed('recipients');
  }
  openMessage(transaction: Transaction): Spool {
    const { deps, values } = this.#core;
    const spool =
      transaction.message ??
      deps.spools.create(values['spool-dir'], transaction.id, {
        message: values['spool-memory'],
        total: values['spool-memory-total'],
      });
    transaction.store(spool);
    this.#core.setClient({ msg_file: spool.path });
    return spool;
  }
}
