// One mail transaction (RFC 5321 section 3.3), from MAIL to reset: its envelope, and from DATA on its message. What the Lua modules may see
// of it (policy/session-view), and everything that has to be released when it is over, whatever way it ends.
import type { Asked } from '../../delivery/asking.ts';
import type { LiveTable } from '../../lua-api/value.ts';
import type { MessageIntake, ReceivedMessage } from '../../mail-auth/received.ts';
import { ContentChanges } from '../../message/change/content-changes.ts';
import type { HeaderList } from '../../message/header/header-list.ts';
import { headerBlockOf } from '../../message/mime/header-block.ts';
import type { MimeLimitName } from '../../message/mime/limits.ts';
import type { ObserverKey } from '../../message/observer-table.ts';
import type { MessageObservers } from '../../message/observers.ts';
import type { MessageReceiver } from '../../message/receiver.ts';
import type { ReceivedLayout } from '../../message/rewrite.ts';
import type { FinalSealer, FinalSigner, FinalWishes } from '../../message/sign-final.ts';
import type { Spool } from '../../message/spool.ts';
import type { TransactionView } from '../../policy/session-view.ts';
import { isBinaryMime } from '../protocol/binary-mime.ts';
import type { MailParameters } from '../protocol/parameters.ts';
import type { Path } from '../protocol/path.ts';
import type { Recipient } from '../protocol/recipient.ts';
import { FinalEnvelope } from './final-envelope.ts';
import type { MailStory } from './mail-story.ts';
import type { PathArgument } from './path-argument.ts';
import { Routes } from './routes.ts';

/** What a message is shown to while it comes in. */
export type Observers = Pick<MessageObservers<ObserverKey>, 'observe' | 'reached' | 'feed' | 'end' | 'close'>;

export class Transaction implements TransactionView {
  readonly id: string;
  readonly path: Path;
  readonly parameters: MailParameters;
  /** What stood behind the path of MAIL. */
  readonly sent: string;
  /** As the client has named them. */
  readonly recipients: Recipient[] = [];
  /** What it goes on with. */
  readonly final: FinalEnvelope;
  readonly headers: HeaderList;
  /** What is told of it when it is over. */
  readonly story: MailStory;
  headersEditable = true;
  /** True while hook.dot runs: the one moment when the message may be replaced. */
  atDot = false;
  /** Who has chosen next hops, and for whom (smtp.route). */
  readonly routes = new Routes();
  /** The next hop that is asked about each recipient. Written by next-hop. */
  asking: Asked | undefined;
  #spool: Spool | undefined;
  #receiver: MessageReceiver | undefined;
  #observers: Observers | undefined;
  readonly #tables: LiveTable[] = [];
  #finalWishes: FinalWishes | undefined;
  #intake: MessageIntake | undefined;
  readonly #afterReply: (() => void)[] = [];
  #replaced = false;
  #changes: ContentChanges | undefined;
  /** The Received header of ours. */
  #trace: string | undefined;
  /** True once the final dot was read. */
  #complete = false;

  constructor(
    id: string,
    { parameters, path, sent }: PathArgument<'MAIL'>,
    headers: HeaderList,
    story: MailStory,
  ) {
    this.story = story;
    this.id = id;
    this.path = path;
    this.parameters = parameters;
    this.sent = sent;
    this.headers = headers;
    this.final = new FinalEnvelope(path, parameters.SMTPUTF8 === true, this.recipients);
  }

  route(hosts: readonly string[]): boolean {
    return this.routes.choose(hosts);
  }

  get sender(): string {
    return this.path.address;
  }

  get isTlsRequired(): boolean {
    return this.parameters.REQUIRETLS === true;
  }

  /** BODY=BINARYMIME was said: the content is no lines. */
  get isBinary(): boolean {
    return isBinaryMime(this.parameters);
  }

  /** SMTPUTF8 was said: replies may hold UTF-8. */
  get isUtf8(): boolean {
    return this.parameters.SMTPUTF8 === true;
  }

  get message(): Spool | undefined {
    return this.#spool;
  }

  get layout(): ReceivedLayout | undefined {
    return this.#receiver?.layout;
  }

  get receiver(): MessageReceiver | undefined {
    return this.#receiver;
  }

  /** The place for the message, from DATA on; kept when hook.data refuses and DATA comes again. */
  store(spool: Spool): void {
    this.#spool = spool;
  }

  /** The message begins. */
  receive(receiver: MessageReceiver): void {
    this.#receiver = receiver;
    if (this.#observers !== undefined) receiver.observe(this.#observers);
  }

  /** The message that begins is taken in for whoever judges its signatures: as it comes, whatever the policy makes of it later. */
  takeIn(intake: MessageIntake): void {
    this.#intake = intake;
    this.#receiver?.observe(intake);
  }

  get received(): ReceivedMessage | undefined {
    return this.#intake?.received;
  }

  /** Puts a Received header of ours on top, which the policy may take away like any other. */
  trace(header: string): void {
    this.#trace = header;
    this.headers.insert(header, 1);
  }

  /** Where it stands (1-based); undefined: there is none, or the policy has taken it away. */
  get #traceAt(): number | undefined {
    if (this.#trace === undefined) return undefined;
    const top = this.headers.find('Received', 1);
    return top !== undefined && `Received: ${top.value}` === this.#trace ? top.index : undefined;
  }

  get belowTrace(): number {
    return (this.#traceAt ?? 0) + 1;
  }

  async isAsReceived(): Promise<boolean> {
    const spool = this.#spool;
    return spool !== undefined && !this.#replaced && (!spool.shown || (await spool.isAsReceived()));
  }

  /** hook.dot is over: nobody can ask for the first time any more. */
  endOfDot(): void {
    this.atDot = false;
    this.headersEditable = false;
    this.#intake = undefined;
  }

  get isComplete(): boolean {
    return this.#complete;
  }

  /** The final dot was read. */
  complete(): void {
    this.#complete = true;
  }

  /**
   * Fills the table with what the message has of this key so far, and with what comes; it belongs to the policy alone when the
   * transaction is over. May reject when the stored message cannot be read. `create` makes the observers for the first of them.
   */
  observe(key: ObserverKey, table: LiveTable, create: () => Observers): void | Promise<void> {
    this.#tables.push(table);
    return (this.#observers ?? this.#begin(create())).observe(key, table, this.#spool);
  }

  /** Somebody who looks into the message has come to a limit: mime.limits has it. */
  reached(name: MimeLimitName, create: () => Observers): void {
    (this.#observers ?? this.#begin(create())).reached('mime.limits', name);
  }

  #begin(observers: Observers): Observers {
    this.#observers = observers;
    if (this.#complete) observers.end();
    else this.#receiver?.observe(observers);
    return observers;
  }

  /** Who signs and seals the message when it is final; undefined for most. */
  get finalWishes(): FinalWishes | undefined {
    return this.#finalWishes;
  }

  get signatures(): number {
    return this.#finalWishes?.signers.length ?? 0;
  }

  get isSealed(): boolean {
    return this.#finalWishes?.sealer !== undefined;
  }

  sign(signer: FinalSigner): void {
    if (!this.atDot) throw new Error('a message can be signed only while hook.dot runs');
    const { signers = [], sealer } = this.#finalWishes ?? {};
    this.#finalWishes = { signers: [...signers, signer], sealer };
  }

  seal(sealer: FinalSealer): void {
    if (!this.atDot || this.isSealed)
      throw new Error('a message can be sealed only while hook.dot runs, and once');
    this.#finalWishes = { signers: this.#finalWishes?.signers ?? [], sealer };
  }

  /** What the policy wants changed in the content; undefined for most. */
  get contentChanges(): ContentChanges | undefined {
    return this.#changes;
  }

  async changes(parts: boolean): Promise<ContentChanges> {
    const spool = this.#spool;
    if (!this.atDot || spool === undefined) throw new Error('the content can be changed only in hook.dot');
    if (this.#replaced && parts)
      throw new Error('another message stands in the place of this one: mime.parts does not show its parts');
    if (!this.#replaced && !(await this.isAsReceived()))
      throw new Error(
        'the policy has changed the file of the message: its content is changed by one way only',
      );
    this.#changes ??= new ContentChanges(spool);
    return this.#changes;
  }

  async replaceMessage(content: Buffer): Promise<void> {
    if (!this.atDot || this.#spool === undefined || this.#receiver === undefined) {
      throw new Error('a message can be replaced only while hook.dot runs');
    }
    // It would come back as lines.
    if (this.isBinary) throw new Error('a message with BODY=BINARYMIME cannot be replaced');
    if (this.#changes !== undefined && this.#changes.count > 0)
      throw new Error(
        'a message whose content is to be changed (mime.add_footer, remove, replace) cannot be replaced',
      );
    await this.#spool.replaceContent([content]);
    this.#replaced = true;
    this.#changes?.forgetMessage();
    const { hasEmptyLine, length } = headerBlockOf(content);
    const trace = this.#traceAt === undefined ? undefined : this.#trace;
    this.#receiver.replaced(content.subarray(0, length), hasEmptyLine);
    // A service that was given the headers as they are edited gives it back.
    if (trace !== undefined && this.#traceAt === undefined) this.trace(trace);
  }

  /** Has something done when the client has its reply, or is gone. */
  afterReply(work: () => void): void {
    this.#afterReply.push(work);
  }

  /** The client has its reply. */
  replied(): void {
    if (this.#afterReply.length > 0) for (const work of this.#afterReply.splice(0)) work();
  }

  /** Gives everything up: the file is removed, the tables belong to the policy alone. Idempotent; never rejects. */
  dispose(): void | Promise<void> {
    this.replied();
    if (this.#tables.length > 0) for (const table of this.#tables.splice(0)) table.release();
    this.#observers?.close();
    this.#changes?.close();
    this.asking?.giveBack();
    this.asking = undefined;
    this.#observers = undefined;
    this.#receiver = undefined;
    this.#intake = undefined;
    const spool = this.#spool;
    this.#spool = undefined;
    return spool?.delete();
  }
}
