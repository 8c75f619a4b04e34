// One mail transaction (RFC 5321 section 3.3), from MAIL to reset: its envelope, and from DATA on its message. What the Lua modules may see
// of it (policy/session-view), and everything that has to be released when it is over, whatever way it ends.
import type { LiveTable } from '../lua/value.ts';
import type { HeaderList } from '../message/header-list.ts';
import type { ContentObserver, MessageReceiver } from '../message/receiver.ts';
import type { ReceivedLayout } from '../message/rewrite.ts';
import type { Spool } from '../message/spool.ts';
import type { TransactionView } from '../policy/session-view.ts';
import type { MailParameters } from './mail-parameters.ts';
import type { Path } from './path-parser.ts';

const EMPTY_LINE = Buffer.from('\r\n\r\n');

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
  /** Watchers made before the message begins. */
  readonly #waiting: ContentObserver[] = [];
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
    for (const observer of this.#waiting.splice(0)) receiver.observe(observer);
  }

  /** The final dot was read. */
  complete(): void {
    this.#complete = true;
  }

  /**
   * `observer` fills `table` with what was received so far and with what follows. A promise when the message must be read from disk
   * first; it rejects with the error of the file system.
   */
  watch(observer: ContentObserver, table: LiveTable): void | Promise<void> {
    this.#tables.push(table);
    const receiver = this.#receiver;
    const spool = this.#spool;
    if (receiver === undefined || spool === undefined) {
      this.#waiting.push(observer);
      return;
    }
    const done = (): void => {
      if (this.#complete) observer.end();
      else receiver.observe(observer);
    };
    const pieces = spool.pieces;
    if (pieces === undefined) return this.#readInto(spool, observer).then(done);
    for (const piece of pieces) observer.feed(piece);
    done();
  }

  async #readInto(spool: Spool, observer: ContentObserver): Promise<void> {
    for await (const piece of spool.read()) observer.feed(piece);
  }

  async replaceMessage(content: Buffer): Promise<void> {
    if (!this.atDot || this.#spool === undefined || this.#receiver === undefined) {
      throw new Error('a message can be replaced only while hook.dot runs');
    }
    await this.#spool.replaceContent([content]);
    const startsEmpty = content.length >= 2 && content[0] === 13 && content[1] === 10;
    const end = startsEmpty ? 0 : content.indexOf(EMPTY_LINE);
    const length = startsEmpty ? 0 : end < 0 ? content.length : end + 2;
    this.#receiver.replaced(content.subarray(0, length), end >= 0);
  }

  /** Gives everything up: the file is removed, the tables belong to the policy alone. Idempotent; never rejects. */
  dispose(): void | Promise<void> {
    for (const table of this.#tables.splice(0)) table.release();
    this.#waiting.length = 0;
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
