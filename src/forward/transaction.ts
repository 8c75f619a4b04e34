// The second half of a dialogue with a next hop: one message or one call-ahead (RFC 5321 section 3.3, RFC 2920, RFC 1870, RFC 6152).
// No I/O. With PIPELINING MAIL and all RCPTs go out at once and the replies are taken in order. DATA never goes with them: a next hop
// may say 354 though it took no recipient (RFC 2920 section 3.1), and some then keep the empty message that ends it.

import { formatPath } from '../smtp/protocol/path.ts';
import type { RcptReply, Stage } from './delivery.ts';
import {
  type Addresses,
  type Capabilities,
  failedAt,
  isClosing,
  isPositive,
  type Loss,
  type Machine,
  pseudoCode,
  refusedAt,
  type Step,
  unaskedRecipients,
  type Verdict,
} from './machine.ts';
import { type Reply, replyText } from './reply-parser.ts';

export interface Envelope extends Addresses {
  /** Bytes of the message, for SIZE=; undefined: stop after the last RCPT. */
  readonly size: number | undefined;
  readonly eightBit: boolean;
  /** DATA only when every recipient was taken: who is left out makes the sender try again, and then nobody has had a copy. */
  readonly allRecipients: boolean;
}

export interface TransactionEnd {
  readonly verdict: Verdict;
  /** The connection can serve another transaction. */
  readonly reusable: boolean;
}

type Command = 'rset' | 'mail' | 'rcpt' | 'data';

/** The command whose reply comes next; then content and dot. `drop`: the verdict is known, replies still to come. */
type State = Command | 'content' | 'dot' | 'drop';

const STAGES: Readonly<Record<State, Stage>> = {
  rset: 'mail',
  mail: 'mail',
  rcpt: 'rcpt',
  data: 'data',
  content: 'content',
  dot: 'dot',
  drop: 'rcpt',
};

const WAIT: Step<TransactionEnd> = { kind: 'wait' };

export class Transaction implements Machine<TransactionEnd> {
  readonly #envelope: Envelope;
  readonly #offered: Capabilities;
  /** RSET first: the connection was used before. */
  readonly #reset: boolean;
  readonly #rcpts: RcptReply[] = [];
  #accepted = 0;
  #state: State = 'mail';
  /** Known before the dialogue has come to its end. */
  #verdict: Verdict | undefined;
  #firstTemporary: Reply | undefined;
  #firstPermanent: Reply | undefined;
  /** In state `drop`: replies to pipelined commands that are still to come. */
  #pending = 0;

  constructor(envelope: Envelope, offered: Capabilities, reset: boolean) {
    this.#envelope = envelope;
    this.#offered = offered;
    this.#reset = reset;
  }

  get stage(): Stage {
    return STAGES[this.#state];
  }

  start(): Step<TransactionEnd> {
    this.#state = this.#reset ? 'rset' : 'mail';
    if (!this.#offered.pipelining) return this.#send(this.#state);
    let text = this.#reset ? this.#command('rset', 0) : '';
    text += this.#command('mail', 0);
    for (let i = 0; i < this.#envelope.recipients.length; i++) text += this.#command('rcpt', i);
    return { kind: 'send', text };
  }

  reply(reply: Reply): Step<TransactionEnd> {
    switch (this.#state) {
      case 'rset':
        return this.#rsetReply(reply);
      case 'mail':
        if (!isPositive(reply.code)) return this.#refused('mail', reply, this.#unanswered());
        this.#state = 'rcpt';
        return this.#next();
      case 'rcpt':
        return this.#rcptReply(reply);
      case 'data':
        return this.#dataReply(reply);
      case 'content':
        // Before the final dot: the next hop gives up on the message. A positive reply cannot mean it.
        return this.#end(
          reply.code >= 400
            ? refusedAt('content', reply, this.#allRcpts())
            : failedAt(
                'content',
                { code: pseudoCode.ERROR, error: `reply out of turn: ${replyText(reply)}` },
                this.#allRcpts(),
              ),
          false,
        );
      case 'dot':
        return this.#end(
          isPositive(reply.code)
            ? { kind: 'delivered', code: reply.code, text: replyText(reply), rcpts: this.#allRcpts() }
            : refusedAt('dot', reply, this.#allRcpts()),
          reply.code >= 400 ? !isClosing(reply.code) : isPositive(reply.code),
        );
      case 'drop':
        return this.#dropReply(reply);
    }
  }

  secured(): Step<TransactionEnd> {
    return WAIT;
  }

  contentSent(): Step<TransactionEnd> {
    if (this.#state === 'content') this.#state = 'dot';
    return WAIT;
  }

  lost(loss: Loss): TransactionEnd {
    // Once all recipients have said no, or MAIL was refused, nothing that happens later makes that better.
    const verdict = this.#verdict ?? failedAt(this.stage, loss, this.#allRcpts());
    return { verdict, reusable: false };
  }

  #rsetReply(reply: Reply): Step<TransactionEnd> {
    if (isPositive(reply.code)) {
      this.#state = 'mail';
      return this.#next();
    }
    // Nothing was said about this message: a failure of the connection, so that a new one is tried.
    const loss = { code: pseudoCode.ERROR, error: `RSET refused: ${replyText(reply)}` };
    return this.#end(failedAt('mail', loss, this.#allRcpts()), false);
  }

  #rcptReply(reply: Reply): Step<TransactionEnd> {
    const recipient = this.#envelope.recipients[this.#rcpts.length] ?? '';
    this.#rcpts.push({ recipient, code: reply.code, text: replyText(reply) });
    if (isClosing(reply.code)) return this.#end(refusedAt('rcpt', reply, this.#allRcpts()), false);
    if (isPositive(reply.code)) this.#accepted++;
    else if (reply.code < 500) this.#firstTemporary ??= reply;
    else this.#firstPermanent ??= reply;
    if (this.#rcpts.length < this.#envelope.recipients.length) return this.#next();
    if (this.#envelope.size === undefined) {
      return this.#end(
        { kind: 'verified', code: reply.code, text: replyText(reply), rcpts: this.#rcpts },
        true,
      );
    }
    this.#state = 'data';
    const needed = this.#envelope.allRecipients ? this.#rcpts.length : 1;
    if (this.#accepted >= needed) return this.#next();
    // The sender is to try again while there is hope for one of them.
    const refusal = isPositive(reply.code) ? (this.#firstPermanent ?? reply) : reply;
    return this.#refused('rcpt', this.#firstTemporary ?? refusal, this.#rcpts);
  }

  #dataReply(reply: Reply): Step<TransactionEnd> {
    if (reply.code !== 354) {
      return this.#end(
        refusedAt('data', reply, this.#allRcpts()),
        reply.code >= 400 && !isClosing(reply.code),
      );
    }
    this.#state = 'content';
    return { kind: 'content' };
  }

  /** A final no at MAIL or of all recipients; replies to what was pipelined behind it must still be taken. */
  #refused(stage: 'mail' | 'rcpt', reply: Reply, rcpts: readonly RcptReply[]): Step<TransactionEnd> {
    this.#verdict = refusedAt(stage, reply, rcpts);
    // A code that no reply to these commands can have: who knows what the next hop thinks we are doing.
    if (isClosing(reply.code) || reply.code < 400) return this.#dropped(false);
    // RCPTs may be under way behind a MAIL that was refused.
    this.#pending = this.#offered.pipelining && stage === 'mail' ? this.#envelope.recipients.length : 0;
    if (this.#pending === 0) return this.#dropped(true);
    this.#state = 'drop';
    return WAIT;
  }

  #dropReply(reply: Reply): Step<TransactionEnd> {
    if (isClosing(reply.code)) return this.#dropped(false);
    this.#pending--;
    return this.#pending > 0 ? WAIT : this.#dropped(reply.code !== 354);
  }

  #dropped(reusable: boolean): Step<TransactionEnd> {
    const verdict = this.#verdict;
    return verdict === undefined ? WAIT : this.#end(verdict, reusable);
  }

  /** The command of the present state, or nothing when it was sent at the start. */
  #next(): Step<TransactionEnd> {
    const state = this.#state;
    if (state === 'data') return this.#send(state);
    if (this.#offered.pipelining || (state !== 'mail' && state !== 'rcpt')) return WAIT;
    return this.#send(state);
  }

  #send(command: Command): Step<TransactionEnd> {
    return { kind: 'send', text: this.#command(command, this.#rcpts.length) };
  }

  #command(command: Command, rcpt: number): string {
    switch (command) {
      case 'rset':
        return 'RSET\r\n';
      case 'mail': {
        const { sender, size, eightBit } = this.#envelope;
        const body = eightBit && this.#offered.eightBitMime ? ' BODY=8BITMIME' : '';
        const bytes = size !== undefined && this.#offered.size ? ` SIZE=${size}` : '';
        return `MAIL FROM:${formatPath(sender)}${bytes}${body}\r\n`;
      }
      case 'rcpt':
        return `RCPT TO:${formatPath(this.#envelope.recipients[rcpt] ?? '')}\r\n`;
      case 'data':
        return 'DATA\r\n';
    }
  }

  #end(verdict: Verdict, reusable: boolean): Step<TransactionEnd> {
    return { kind: 'end', end: { verdict, reusable } };
  }

  #unanswered(): readonly RcptReply[] {
    return unaskedRecipients(this.#envelope.recipients);
  }

  /** Those answered, then those never asked. */
  #allRcpts(): readonly RcptReply[] {
    const { recipients } = this.#envelope;
    if (this.#rcpts.length === recipients.length) return this.#rcpts;
    return [...this.#rcpts, ...unaskedRecipients(recipients.slice(this.#rcpts.length))];
  }
}
