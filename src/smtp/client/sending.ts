// The second half of a dialogue with a next hop: one message or one call-ahead (RFC 5321 section 3.3, RFC 2920, RFC 1870, RFC 6152, RFC 3030, RFC 2033).
// No I/O. With PIPELINING MAIL and all RCPTs go out at once and the replies are taken in order. DATA never goes with them: a next hop
// may say 354 though it took no recipient (RFC 2920 section 3.1), and some then keep the empty message that ends it. Neither does BDAT, which
// takes the place of DATA where it is offered; what was begun by one of them never goes on by the other.

import type { Delivery, RcptReply, Stage } from '../../delivery/port/delivery.ts';
import {
  failedAt,
  type HostlessOutcome,
  type Loss,
  pseudoCode,
  refusedAt,
  unaskedRecipients,
} from '../../delivery/port/outcome.ts';
import { isBinaryMime } from '../protocol/binary-mime.ts';
import type { Capabilities } from '../protocol/capabilities.ts';
import type { MailParameters } from '../protocol/parameters.ts';
import { recipientOf } from '../protocol/recipient.ts';
import { isClosing, isPositive, type Reply, replyText } from '../protocol/reply.ts';
import { mailLine, RSET, rcptLine } from './command-lines.ts';
import type { Machine, Step } from './machine.ts';

export interface Envelope extends Pick<Delivery, 'sender' | 'parameters' | 'recipients'> {
  /** Bytes of the message, for SIZE=; undefined: stop after the last RCPT. */
  readonly size: number | undefined;
  readonly eightBit: boolean;
  /** DATA only when every recipient was taken: who is left out makes the sender try again, and then nobody has had a copy. */
  readonly allRecipients: boolean;
  /** The content goes by BDAT where CHUNKING is offered (smtp-forward-chunking). */
  readonly chunks: boolean;
  /** The final dot is answered for each recipient that was taken, in their order (RFC 2033 section 4.2). */
  readonly lmtp: boolean;
}

export interface SendingEnd {
  readonly outcome: HostlessOutcome;
  /** The connection can serve another transaction. */
  readonly reusable: boolean;
}

type Command = 'rset' | 'mail' | 'rcpt' | 'data';

/**
 * The command whose reply comes next; then content and dot, or the last chunk. `chunk`: a chunk has gone out that was not the last. `drop`: the
 * outcome is known, replies still to come; `undo`: that to RSET.
 */
type State = Command | 'content' | 'chunk' | 'dot' | 'drop' | 'undo';

const STAGES: Readonly<Record<State, Stage>> = {
  rset: 'mail',
  mail: 'mail',
  rcpt: 'rcpt',
  data: 'data',
  content: 'content',
  chunk: 'content',
  dot: 'dot',
  drop: 'rcpt',
  undo: 'rcpt',
};

const WAIT: Step<SendingEnd> = { kind: 'wait' };

/** Those that the sender gave; size and kind of the content are what they are, whatever was said of them. */
function mailParameters({ eightBit, parameters, size }: Envelope): MailParameters {
  const BODY = isBinaryMime(parameters) ? 'BINARYMIME' : eightBit ? '8BITMIME' : undefined;
  return Object.assign({}, parameters, { SIZE: size, BODY });
}

export class Sending implements Machine<SendingEnd> {
  readonly #envelope: Envelope;
  readonly #offered: Capabilities;
  /** RSET first: the connection was used before. */
  readonly #reset: boolean;
  readonly #rcpts: RcptReply[] = [];
  #accepted = 0;
  /** LMTP: the last recipient that the final dot was answered for. */
  #delivered = -1;
  #state: State = 'mail';
  /** The content goes by BDAT, and has begun to. */
  #chunks = false;
  /** Known before the dialogue has come to its end. */
  #outcome: HostlessOutcome | undefined;
  #firstTemporary: Reply | undefined;
  #firstPermanent: Reply | undefined;
  /** In state `drop`: replies to pipelined commands that are still to come. */
  #pending = 0;

  /** `taken`: MAIL and RCPT were answered before, with 2xx for each of these: DATA comes next. */
  constructor(envelope: Envelope, offered: Capabilities, reset: boolean, taken?: readonly RcptReply[]) {
    this.#envelope = envelope;
    this.#offered = offered;
    this.#reset = reset;
    if (taken === undefined) return;
    this.#rcpts.push(...taken);
    this.#accepted = taken.length;
    this.#state = 'data';
  }

  get stage(): Stage {
    return STAGES[this.#state];
  }

  start(): Step<SendingEnd> {
    if (this.#state === 'data') return this.#next();
    this.#state = this.#reset ? 'rset' : 'mail';
    if (!this.#offered.has('PIPELINING')) return this.#send(this.#state);
    let text = this.#reset ? this.#command('rset', 0) : '';
    text += this.#command('mail', 0);
    for (let i = 0; i < this.#envelope.recipients.length; i++) text += this.#command('rcpt', i);
    return { kind: 'send', text };
  }

  reply(reply: Reply): Step<SendingEnd> {
    const isBdats = this.#chunks && this.#state !== 'undo';
    if (isBdats && (reply.code === 500 || reply.code === 502)) return this.#noBdat(reply);
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
        if (this.#envelope.lmtp) return this.#recipientReply(reply);
        return this.#end(
          isPositive(reply.code)
            ? this.#delivery(reply.code, replyText(reply), this.#allRcpts())
            : refusedAt('dot', reply, this.#allRcpts()),
          reply.code >= 400 ? !isClosing(reply.code) : isPositive(reply.code),
        );
      case 'chunk':
        return this.#chunkReply(reply);
      case 'drop':
        return this.#dropReply(reply);
      case 'undo':
        return this.#dropped(isPositive(reply.code));
    }
  }

  secured(): Step<SendingEnd> {
    return WAIT;
  }

  contentSent(last: boolean): Step<SendingEnd> {
    if (this.#state === 'content') this.#state = last ? 'dot' : 'chunk';
    return WAIT;
  }

  lost(loss: Loss): SendingEnd {
    if (this.#state === 'dot' && this.#envelope.lmtp) return this.#broken(loss);
    // Once all recipients have said no, or MAIL was refused, nothing that happens later makes that better.
    const outcome = this.#outcome ?? failedAt(this.stage, loss, this.#allRcpts());
    return { outcome, reusable: false };
  }

  #rsetReply(reply: Reply): Step<SendingEnd> {
    if (isPositive(reply.code)) {
      this.#state = 'mail';
      return this.#next();
    }
    // Nothing was said about this message: a failure of the connection, so that a new one is tried.
    const loss = { code: pseudoCode.ERROR, error: `RSET refused: ${replyText(reply)}` };
    return this.#end(failedAt('mail', loss, this.#allRcpts()), false);
  }

  #rcptReply(reply: Reply): Step<SendingEnd> {
    const recipient = this.#envelope.recipients[this.#rcpts.length];
    // More replies than recipients: the machine has left this state by then.
    if (recipient === undefined) return WAIT;
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

  /** LMTP: of the next recipient that was taken. */
  #recipientReply(reply: Reply): Step<SendingEnd> {
    const at = this.#nextTaken();
    const rcpt = this.#rcpts[at];
    if (rcpt === undefined) return WAIT;
    this.#rcpts[at] = { ...rcpt, code: reply.code, text: replyText(reply) };
    this.#delivered = at;
    if (isClosing(reply.code)) return { kind: 'end', end: this.#broken(reply) };
    return this.#nextTaken() < this.#rcpts.length ? WAIT : this.#end(this.#verdict(), true);
  }

  /** The first recipient behind the last one answered that the next hop has taken. */
  #nextTaken(): number {
    let at = this.#delivered + 1;
    while (at < this.#rcpts.length && !isPositive(this.#rcpts[at]?.code ?? 0)) at++;
    return at;
  }

  /** Of all replies to the dot: one that has the message is enough for it to be delivered, the others are told of each by itself. */
  #verdict(): HostlessOutcome {
    const rcpts = this.#allRcpts();
    const best =
      rcpts.find(({ code }) => isPositive(code)) ?? rcpts.find(({ code }) => code < 500) ?? rcpts[0];
    const { code = 0, text = '' } = best ?? {};
    return isPositive(code)
      ? this.#delivery(code, text, rcpts)
      : { kind: 'refused', stage: 'dot', code, text, rcpts };
  }

  #delivery(code: number, text: string, rcpts: readonly RcptReply[]): HostlessOutcome {
    return this.#offered.has('DSN')
      ? { kind: 'delivered', code, text, rcpts, dsn: true }
      : { kind: 'delivered', code, text, rcpts };
  }

  /** LMTP, lost between two replies to the dot: those who were answered yes have the message, of the others nothing is known. */
  #broken(cause: Reply | Loss): SendingEnd {
    const unknown = 'error' in cause ? `451 4.4.2 no reply: ${cause.error}` : replyText(cause);
    const isYes = this.#rcpts.slice(0, this.#delivered + 1).some(({ code }) => isPositive(code));
    const left: number[] = [];
    for (let at = this.#nextTaken(); at < this.#rcpts.length; at = this.#nextTaken()) {
      left.push(at);
      this.#delivered = at;
    }
    if (!isYes && 'error' in cause)
      return { outcome: failedAt('dot', cause, this.#allRcpts()), reusable: false };
    for (const at of left) {
      const rcpt = this.#rcpts[at];
      if (rcpt !== undefined) this.#rcpts[at] = { ...rcpt, code: 451, text: unknown };
    }
    return { outcome: this.#verdict(), reusable: false };
  }

  #dataReply(reply: Reply): Step<SendingEnd> {
    if (reply.code !== 354) {
      return this.#end(
        refusedAt('data', reply, this.#allRcpts()),
        reply.code >= 400 && !isClosing(reply.code),
      );
    }
    this.#state = 'content';
    return { kind: 'content', chunks: false };
  }

  /** Who has chosen this next hop has seen to it that this does not happen. */
  #noLines(): Step<SendingEnd> {
    const error = 'BINARYMIME, and no chunks: it does not go as lines';
    return this.#end(failedAt('data', { code: pseudoCode.ERROR, error }, this.#allRcpts()), false);
  }

  /**
   * CHUNKING is offered, but BDAT is no command there: something in between has taken it for one that it does not know. That is about the way and
   * not about the message, which nobody has; what is made of the octets behind it over there is not ours to hear.
   */
  #noBdat(reply: Reply): Step<SendingEnd> {
    const error = `CHUNKING is offered, but BDAT is unknown there (smtp-forward-chunking=- helps): ${replyText(reply)}`;
    return this.#end(failedAt('content', { code: pseudoCode.ERROR, error }, this.#allRcpts()), false);
  }

  /** A next hop that does not take a chunk gets no more of the message (RFC 3030 section 2). */
  #chunkReply(reply: Reply): Step<SendingEnd> {
    if (isPositive(reply.code)) {
      this.#state = 'content';
      return { kind: 'next-chunk' };
    }
    this.#outcome = refusedAt('content', reply, this.#allRcpts());
    if (isClosing(reply.code) || reply.code < 400) return this.#dropped(false);
    this.#state = 'undo';
    return { kind: 'send', text: RSET };
  }

  /** A final no at MAIL or of all recipients; replies to what was pipelined behind it must still be taken. */
  #refused(stage: 'mail' | 'rcpt', reply: Reply, rcpts: readonly RcptReply[]): Step<SendingEnd> {
    this.#outcome = refusedAt(stage, reply, rcpts);
    // A code that no reply to these commands can have: who knows what the next hop thinks we are doing.
    if (isClosing(reply.code) || reply.code < 400) return this.#dropped(false);
    // RCPTs may be under way behind a MAIL that was refused.
    this.#pending =
      this.#offered.has('PIPELINING') && stage === 'mail' ? this.#envelope.recipients.length : 0;
    if (this.#pending === 0) return this.#dropped(true);
    this.#state = 'drop';
    return WAIT;
  }

  #dropReply(reply: Reply): Step<SendingEnd> {
    if (isClosing(reply.code)) return this.#dropped(false);
    this.#pending--;
    return this.#pending > 0 ? WAIT : this.#dropped(reply.code !== 354);
  }

  #dropped(reusable: boolean): Step<SendingEnd> {
    const outcome = this.#outcome;
    return outcome === undefined ? WAIT : this.#end(outcome, reusable);
  }

  /** The command of the present state, or nothing when it was sent at the start. */
  #next(): Step<SendingEnd> {
    const state = this.#state;
    if (state === 'data') {
      const asItIs = isBinaryMime(this.#envelope.parameters);
      // An LMTP server answers the last chunk once or for each recipient, as it fails or not: DATA is clear about it.
      const chunks = this.#envelope.chunks && !this.#envelope.lmtp;
      if (!chunks || !this.#offered.has('CHUNKING')) {
        return asItIs ? this.#noLines() : this.#send(state);
      }
      this.#chunks = true;
      this.#state = 'content';
      return asItIs ? { kind: 'content', chunks: true, asItIs } : { kind: 'content', chunks: true };
    }
    if (this.#offered.has('PIPELINING') || (state !== 'mail' && state !== 'rcpt')) return WAIT;
    return this.#send(state);
  }

  #send(command: Command): Step<SendingEnd> {
    return { kind: 'send', text: this.#command(command, this.#rcpts.length) };
  }

  #command(command: Command, rcpt: number): string {
    switch (command) {
      case 'rset':
        return RSET;
      case 'mail':
        return mailLine(this.#envelope.sender, mailParameters(this.#envelope), this.#offered);
      case 'rcpt':
        return rcptLine(this.#envelope.recipients[rcpt] ?? recipientOf(''), this.#offered);
      case 'data':
        return 'DATA\r\n';
    }
  }

  #end(outcome: HostlessOutcome, reusable: boolean): Step<SendingEnd> {
    return { kind: 'end', end: { outcome, reusable } };
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
