// One mail transaction (RFC 5321 section 3.3), from MAIL to reset: its envelope, and from DATA on its message. What the Lua modules may see
// of it (policy/session-view), and everything that has to be released when it is over, whatever way it ends.
import type { LiveTable } from '../lua/value.ts';
import { headerBlockOf } from '../message/header-block.ts';
import type { HeaderList } from '../message/header-list.ts';
import type { ContentObserver, MessageReceiver } from '../message/receiver.ts';
import type { ReceivedLayout } from '../message/rewrite.ts';
import type { Spool } from '../message/spool.ts';
import type { StoredMessage } from '../message/stored-message.ts';
import type { TransactionView } from '../policy/session-view.ts';
import type { MailParameters } from './protocol/parameters.ts';
import type { Path } from './protocol/path.ts';

/** Fills mime.parts and uri.found; message/observer is one. */
export interface TableObserver extends ContentObserver {
  /** Fills the table with what `message` has so far and with what is fed after that; may reject when it cannot be read. */
  activateParts(table: LiveTable, message: StoredMessage | undefined): void | Promise<void>;
  activateUris(table: LiveTable, message: StoredMessage | undefined): void | Promise<void>;
  activateDefects(table: LiveTable, message: StoredMessage | undefined): void | Promise<void>;
  activateLimits(table: LiveTable, message: StoredMessage | undefined): void | Promise<void>;
  /** The message is over. */
  close(): void;
}

export class Transaction implements TransactionView {
  readonly id: string;
  readonly path: Path;
  readonly parameters: MailParameters;
  readonly recipients: string[] = [];
  readonly headers: HeaderList;
  headersEditable = true;
  /** True while hook.dot runs: the one moment when the message may be replaced. */
  atDot = false;
  #spool: Spool | undefined;
  #receiver: MessageReceiver | undefined;
  #observer: TableObserver | undefined;
  readonly #tables: LiveTable[] = [];
  /** True once the final dot was read. */
  #complete = false;

  constructor(id: string, path: Path, parameters: MailParameters, headers: HeaderList) {
    this.id = id;
    this.path = path;
    this.parameters = parameters;
    this.headers = headers;
  }

  get sender(): string {
    return this.path.address;
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
    if (this.#observer !== undefined) receiver.observe(this.#observer);
  }

  /** The final dot was read. */
  complete(): void {
    this.#complete = true;
  }

  /** What fills the tables of this message: made when the first of them is read. */
  observer(create: () => TableObserver): TableObserver {
    if (this.#observer !== undefined) return this.#observer;
    this.#observer = create();
    if (this.#complete) this.#observer.end();
    else this.#receiver?.observe(this.#observer);
    return this.#observer;
  }

  /** A table of this transaction; it belongs to the policy alone when the transaction is over. */
  keep(table: LiveTable): void {
    this.#tables.push(table);
  }

  async replaceMessage(content: Buffer): Promise<void> {
    if (!this.atDot || this.#spool === undefined || this.#receiver === undefined) {
      throw new Error('a message can be replaced only while hook.dot runs');
    }
    await this.#spool.replaceContent([content]);
    const { hasEmptyLine, length } = headerBlockOf(content);
    this.#receiver.replaced(content.subarray(0, length), hasEmptyLine);
  }

  /** Gives everything up: the file is removed, the tables belong to the policy alone. Idempotent; never rejects. */
  dispose(): void | Promise<void> {
    for (const table of this.#tables.splice(0)) table.release();
    this.#observer?.close();
    this.#observer = undefined;
    this.#receiver = undefined;
    const spool = this.#spool;
    this.#spool = undefined;
    if (spool === undefined) return;
    // Nothing to wait for while the message is in memory only.
    const inMemory = spool.pieces !== undefined;
    const deleted = spool.delete();
    if (!inMemory) return deleted;
  }
}
