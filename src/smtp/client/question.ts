// One question to a next hop, whose answer decides what its client hears: MAIL, behind RSET on a connection that was used before, or RCPT
// (RFC 5321 section 4.1.1.2 and 4.1.1.3). No I/O. What comes of the transaction is in smtp/client/held-connection.
import type { RcptReply, Stage } from '../../delivery/port/delivery.ts';
import {
  failedAt,
  type HostlessOutcome,
  type Loss,
  pseudoCode,
  refusedAt,
} from '../../delivery/port/outcome.ts';
import type { Recipient } from '../protocol/recipient.ts';
import { isClosing, isPositive, type Reply, replyText } from '../protocol/reply.ts';
import { RSET } from './command-lines.ts';
import type { Machine, Step } from './machine.ts';

export type QuestionEnd =
  | { readonly kind: 'yes'; readonly reply: Reply }
  /** `goesOn`: the connection is in order, and the transaction as it was before. */
  | { readonly kind: 'no'; readonly outcome: HostlessOutcome; readonly goesOn: boolean };

const WAIT: Step<QuestionEnd> = { kind: 'wait' };

export class Question implements Machine<QuestionEnd> {
  readonly stage: Stage;
  readonly #line: string;
  /** Who is asked about; undefined for MAIL. */
  readonly #recipient: Recipient | undefined;
  readonly #pipelining: boolean;
  /** RSET goes first, and its reply has not come. */
  #resetting: boolean;

  private constructor(
    stage: Stage,
    line: string,
    recipient: Recipient | undefined,
    reset: boolean,
    pipelining: boolean,
  ) {
    this.stage = stage;
    this.#line = line;
    this.#recipient = recipient;
    this.#resetting = reset;
    this.#pipelining = pipelining;
  }

  /** `reset`: the connection was used before. */
  static mail(
    line: string,
    { pipelining, reset }: { readonly reset: boolean; readonly pipelining: boolean },
  ): Question {
    return new Question('mail', line, undefined, reset, pipelining);
  }

  static rcpt(line: string, recipient: Recipient): Question {
    return new Question('rcpt', line, recipient, false, false);
  }

  start(): Step<QuestionEnd> {
    if (!this.#resetting) return { kind: 'send', text: this.#line };
    return { kind: 'send', text: this.#pipelining ? RSET + this.#line : RSET };
  }

  reply(reply: Reply): Step<QuestionEnd> {
    if (this.#resetting) {
      this.#resetting = false;
      if (isPositive(reply.code)) return this.#pipelining ? WAIT : { kind: 'send', text: this.#line };
      // Nothing was said about this message: a failure of the connection, so that a new one is tried.
      return this.#lost({ code: pseudoCode.ERROR, error: `RSET refused: ${replyText(reply)}` });
    }
    if (isPositive(reply.code)) return { kind: 'end', end: { kind: 'yes', reply } };
    const outcome = refusedAt(this.stage, reply, this.#asked(reply.code, replyText(reply)));
    // A code that no reply to these commands can have: who knows what the next hop thinks we are doing.
    const goesOn = reply.code >= 400 && !isClosing(reply.code);
    return { kind: 'end', end: { kind: 'no', outcome, goesOn } };
  }

  secured(): Step<QuestionEnd> {
    return WAIT;
  }

  contentSent(): Step<QuestionEnd> {
    return WAIT;
  }

  lost(loss: Loss): QuestionEnd {
    return { kind: 'no', outcome: failedAt(this.stage, loss, this.#asked(0, '')), goesOn: false };
  }

  #lost(loss: Loss): Step<QuestionEnd> {
    return { kind: 'end', end: this.lost(loss) };
  }

  #asked(code: number, text: string): readonly RcptReply[] {
    return this.#recipient === undefined ? [] : [{ recipient: this.#recipient, code, text }];
  }
}
