// A connection whose transaction is open while its client names recipients (delivery/port/held): asks about each of them, sends the content,
// and gives the connection back when there is none. Begun by smtp/client/smtp-client when MAIL was answered. RFC 5321 section 3.3.
//
// While nobody asks anything the next hop has nothing to say: whatever it says then ends it, and so does a client that takes too long.
import type { Clock } from '../../base/clock.ts';
import type { Delivery, DeliveryOutcome, RcptReply } from '../../delivery/port/delivery.ts';
import type { AskFailure, AskLimits, AskOutcome, Held, HeldContent } from '../../delivery/port/held.ts';
import {
  failedAt,
  failureOf,
  type HostlessOutcome,
  pseudoCode,
  refusedAt,
} from '../../delivery/port/outcome.ts';
import { beyondMost, recipientsAtMost } from '../protocol/capabilities.ts';
import { NO_PARAMETERS } from '../protocol/parameters.ts';
import type { Recipient } from '../protocol/recipient.ts';
import { replyText } from '../protocol/reply.ts';
import { recipientInAscii, UTF8_RECIPIENT } from '../protocol/utf8-plan.ts';
import { rcptLine } from './command-lines.ts';
import { type Connection, type ConnectionUser, withTls } from './connection.ts';
import type { Machine } from './machine.ts';
import { Question } from './question.ts';
import { Resetting } from './resetting.ts';
import { Sending } from './sending.ts';

export interface HeldParts {
  readonly connection: Connection;
  /** As it was configured or named. */
  readonly host: string;
  readonly envelope: Pick<Delivery, 'sender' | 'parameters'>;
  /** The content goes by BDAT where CHUNKING is offered. */
  readonly chunks: boolean;
  /** SMTPUTF8 was said to us, and the next hop does not offer it: addresses go out in ASCII. */
  readonly ascii: boolean;
  /** Option smtp-eight-bit. */
  readonly eightBitWord: 'pass' | 'refuse';
  readonly clock: Clock;
  /** Milliseconds that the client may take until it says more. */
  readonly idleMs: number;
  /** Somebody waits for a connection to this next hop (smtp-forward-parallel). */
  isWanted(): boolean;
  /** Runs a dialogue over the connection within the limits; `message` is what it sends when it comes to that. */
  converse<E>(machine: Machine<E>, limits: AskLimits, message?: HeldContent['message']): Promise<E>;
  /** Nobody says anything at present: `giveBack` may be called for somebody who waits. The function ends that. */
  lend(giveBack: () => void): () => void;
  /** The connection is in order, and free for others. */
  free(): void;
  /** Each attempt that was no success is told. */
  report(outcome: DeliveryOutcome): void;
}

/** How long a client may take while somebody else waits for the connection: strangers must not keep all of them. */
const SHORT_IDLE_MS = 2000;
/** How long the reply to RSET may take when the connection is given back: nobody waits for it. */
const RESET_MS = 5000;

export class HeldConnection implements Held {
  readonly #parts: HeldParts;
  readonly #taken: RcptReply[] = [];
  /** Milliseconds that its client may still take behind the time that is being waited. */
  #left = 0;
  #endLoan: (() => void) | undefined;
  /** 'asking': a question or the content is under way. */
  #state: 'open' | 'asking' | 'over' = 'open';

  /** Has the connection while nobody asks anything. */
  readonly #resting: ConnectionUser;

  constructor(parts: HeldParts) {
    this.#parts = parts;
    const over = (): void => this.#over();
    this.#resting = { reply: over, drain: () => undefined, expired: () => this.#waited(), lost: over };
    this.#rest();
  }

  get host(): string {
    return this.#parts.host;
  }

  get alive(): boolean {
    const { connection } = this.#parts;
    return this.#state === 'open' && connection.loss === undefined && connection.quiet;
  }

  async rcpt(recipient: Recipient, limits: AskLimits): Promise<AskOutcome> {
    const { ascii, connection, host } = this.#parts;
    const said = ascii ? recipientInAscii(recipient) : recipient;
    if (said === undefined) {
      const { code, text } = UTF8_RECIPIENT;
      return { kind: 'refused', host, stage: 'rcpt', code, text, rcpts: [{ recipient, code, text }] };
    }
    const most = recipientsAtMost(connection.capabilities);
    if (this.alive && this.#taken.length >= most) {
      return failureOf(
        this.#outcome(refusedAt('rcpt', beyondMost(most), [{ recipient, code: 0, text: '' }])),
      );
    }
    if (!this.#begin()) return this.#gone('rcpt', [{ recipient, code: 0, text: '' }]);
    const question = Question.rcpt(rcptLine(said, connection.capabilities), recipient);
    const end = await this.#parts.converse(question, limits);
    if (end.kind === 'yes') {
      this.#rest();
      const { code } = end.reply;
      const text = replyText(end.reply);
      this.#taken.push({ recipient, code, text });
      return { kind: 'yes', host, code, text };
    }
    const outcome = this.#outcome(end.outcome);
    if (end.goesOn) this.#rest();
    else this.#end(outcome);
    this.#parts.report(outcome);
    return failureOf(outcome);
  }

  fits({ eightBit, message, recipients, utf8Headers }: HeldContent): boolean {
    const taken = this.#taken;
    if (this.#parts.ascii && utf8Headers === true) return false;
    if (taken.length !== recipients.length || taken.some(({ recipient }, i) => recipient !== recipients[i]))
      return false;
    const { connection, envelope } = this.#parts;
    const { BODY, SIZE } = envelope.parameters ?? NO_PARAMETERS;
    const { capabilities } = connection;
    const most = Number(capabilities.get('SIZE') ?? 0);
    if (most > 0 && message.size > most) return false;
    if (SIZE !== undefined && capabilities.has('SIZE') && message.size > SIZE) return false;
    if (!eightBit || BODY === 'BINARYMIME') return true;
    return capabilities.has('8BITMIME') ? BODY === '8BITMIME' : this.#parts.eightBitWord === 'pass';
  }

  async content({ eightBit, message, recipients }: HeldContent, limits: AskLimits): Promise<DeliveryOutcome> {
    const { chunks, connection, envelope } = this.#parts;
    const taken = this.#taken;
    if (!this.#begin()) return this.#gone('data', taken);
    const sending = new Sending(
      {
        sender: envelope.sender,
        parameters: envelope.parameters,
        recipients,
        size: message.size,
        eightBit,
        allRecipients: true,
        chunks,
        lmtp: connection.protocol === 'lmtp',
      },
      connection.capabilities,
      false,
      taken,
    );
    const { outcome, reusable } = await this.#parts.converse(sending, limits, message);
    this.#state = 'over';
    if (reusable) this.#parts.free();
    else if (outcome.kind === 'refused') connection.quit();
    else connection.destroy();
    const ended = this.#outcome(outcome);
    this.#parts.report(ended);
    return ended;
  }

  giveBack(): void {
    if (this.#state === 'over') return;
    const { clock, connection } = this.#parts;
    if (!this.#begin()) return;
    this.#state = 'over';
    const limits: AskLimits = { until: clock.monotonic() + RESET_MS, signal: new AbortController().signal };
    void this.#parts.converse(new Resetting(), limits).then((inOrder) => {
      if (inOrder) this.#parts.free();
      else connection.destroy();
    });
  }

  handOver(): void {
    if (this.#state === 'over' || !this.#begin()) return;
    this.#state = 'over';
    this.#parts.free();
  }

  /** False when nothing can be asked any more. */
  #begin(): boolean {
    // Under way, or given back: whoever has the connection now must not lose it.
    if (this.#state !== 'open') return false;
    const { alive } = this;
    const { connection } = this.#parts;
    this.#wake();
    connection.release();
    this.#state = alive ? 'asking' : 'over';
    if (!alive) connection.destroy();
    return alive;
  }

  #wake(): void {
    this.#endLoan?.();
    this.#endLoan = undefined;
  }

  /** Until the client says more. */
  #rest(): void {
    const { connection } = this.#parts;
    this.#state = 'open';
    this.#wait(this.#parts.idleMs);
    this.#endLoan = this.#parts.lend(() => this.giveBack());
    connection.use(this.#resting);
  }

  /** Something was said that nobody asked for, or the connection is lost. */
  #over(): void {
    this.#wake();
    this.#state = 'over';
    this.#parts.connection.destroy();
  }

  /** For so many milliseconds more. */
  #wait(left: number): void {
    const step = Math.min(left, SHORT_IDLE_MS);
    this.#left = left - step;
    this.#parts.connection.expect(step);
  }

  #waited(): void {
    if (this.#left <= 0 || this.#parts.isWanted()) this.giveBack();
    else this.#wait(this.#left);
  }

  #end(outcome: DeliveryOutcome): void {
    this.#state = 'over';
    if (outcome.kind === 'refused') this.#parts.connection.quit();
    else this.#parts.connection.destroy();
  }

  /** The next hop has gone while nobody asked it anything. */
  #gone(stage: 'rcpt' | 'data', rcpts: readonly RcptReply[]): AskFailure {
    const { connection } = this.#parts;
    const loss = connection.loss ?? { code: pseudoCode.ERROR, error: 'replies that nobody asked for' };
    const outcome = this.#outcome(failedAt(stage, loss, rcpts));
    return failureOf(outcome);
  }

  #outcome(outcome: HostlessOutcome): DeliveryOutcome {
    return { host: this.#parts.host, ...withTls(outcome, this.#parts.connection) };
  }
}
