// From 354 to the reply at dot, or from the first chunk to the reply to the last (RFC 3030 section 2): receives the message, keeps what
// hook.content, header, eoh and body decided, and has the end decided.

import { chain, type Maybe } from '../../base/maybe.ts';
import type { Delivered } from '../../delivery/relayed-reports.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { limitsOf, MessageIntake } from '../../mail-auth/received.ts';
import type { Framing } from '../../message/framing/framing.ts';
import type { OctetsFraming } from '../../message/framing/octets.ts';
import { headerBlockOf } from '../../message/mime/header-block.ts';
import { type ContentSink, MessageReceiver, type Onward } from '../../message/receiver.ts';
import type { Spool } from '../../message/spool.ts';
import type { OptionValues } from '../../options/option-table.ts';
import type { HookName } from '../../policy/hook-table.ts';
import { isPositive } from '../protocol/reply.ts';
import { ContentTrace } from './content-trace.ts';
import { chunkOk } from './default-reply.ts';
import type { HookAnswer } from './hooks.ts';
import { decide, refusedChunk } from './message-end.ts';
import type { SessionCore } from './session-core.ts';
import type { Transaction } from './transaction.ts';
import type { ContentDecision, Verdict } from './verdict.ts';

/** For signatures. Headers end where they do for the receiver: none is ever judged over others than the policy sees. */
function intakeOf(values: OptionValues): MessageIntake {
  return new MessageIntake({ limits: limitsOf(values), blockEnd: (block) => headerBlockOf(block).length });
}
/** What bytes of the client have led to. 'over': the message has ended, and its reply was sent. */
export type Progress = 'more' | 'chunk' | 'over';

export class MessageDialogue {
  readonly #core: SessionCore;
  readonly #transaction: Transaction;
  readonly #spool: Spool;
  readonly #framing: Framing;
  readonly #receiver: MessageReceiver;
  readonly #trace: ContentTrace;
  #dotSeen = false;
  /** Octets of the present chunk. */
  #chunk = 0;
  #isChunked = false;
  #decision: ContentDecision = { reply: undefined, cause: '', drop: false };

  constructor(core: SessionCore, transaction: Transaction, spool: Spool, framing: Framing) {
    this.#spool = spool;
    this.#core = core;
    this.#framing = framing;
    this.#transaction = transaction;
    this.#trace = new ContentTrace(core.log);
    this.#receiver = new MessageReceiver(framing, spool, transaction.headers, this.#sink(), {
      size: core.values['smtp-max-size'],
      headers: core.values['limit-header-bytes'],
      bodyLine: core.values['limit-body-line'],
      headerCount: core.values['limit-headers'],
      hops: core.values['limit-received'],
    });
    transaction.receive(this.#receiver);
    transaction.story.content();
    if (core.hooks.verifies) transaction.takeIn(intakeOf(core.values));
  }

  /** Bytes of the client that may be handed over at once. */
  get wanted(): number {
    return this.#framing.wanted;
  }

  /** A chunk of so many octets comes next, in the framing that was given. One without any is to be fed an empty piece. */
  begin(framing: OctetsFraming, octets: number, last: boolean): void {
    this.#chunk = octets;
    this.#isChunked = true;
    framing.begin(octets, last);
  }

  /** Bytes of the client, at most as many as are `wanted`. */
  feed(chunk: Buffer): Maybe<Progress> {
    return chain(this.#receiver.feed(chunk), (received) => {
      switch (received.kind) {
        case 'stopped':
          this.#trace.stop();
          return 'more';
        case 'more':
          this.#trace.came(chunk);
          return 'more';
        case 'chunk':
          this.#trace.came(chunk);
          this.#trace.over('chunk');
          return this.#chunkEnd();
        case 'end':
          this.#trace.came(chunk, received.next);
          this.#trace.over(this.#isChunked ? 'last chunk' : 'dot');
          // What is behind the dot stays where it is until the reply was sent.
          this.#core.input.unread(chunk, received.next);
          return this.#end();
      }
    });
  }

  /**
   * The session or the transaction ends, for `given`: what became of a message whose end has not come. Gives the cause, with what else
   * may be behind it: who ends lines with LF alone waits for our reply to a dot that is none.
   */
  abandon(given: string): string {
    if (this.#dotSeen) return given;
    this.#trace.over('incomplete');
    const bare = this.#isChunked ? 0 : this.#receiver.bareNewlines;
    const cause =
      bare === 0
        ? given
        : `${given}; the message has ${bare} bare CR or LF, and a dot on a line behind one does not end it`;
    const { id, recipients, sender } = this.#transaction;
    this.#core.log.emit('tx-incomplete', {
      transaction: id,
      sender,
      recipients: recipients.length,
      bytes: this.#receiver.received,
      cause,
      client: this.#core.client.address,
    });
    return cause;
  }

  /** The chunk that comes next was refused, and thrown away: the message is over with those before it. */
  refused(code: number, cause: string): void {
    this.#dotSeen = true;
    this.#report(code, { reply: { code, text: '' }, cause, drop: false });
  }

  #sink(): ContentSink {
    const { hooks } = this.#core;
    const caller = (name: HookName): ((value: LuaValue) => Maybe<Onward>) | undefined => {
      if (!hooks.has(name)) return undefined;
      const heed = (answer: HookAnswer): Maybe<Onward> => this.#heed(name, answer);
      const args: LuaValue[] = [undefined];
      return (value) => {
        args[0] = value;
        return chain(hooks.call(name, args), heed);
      };
    };
    return {
      content: caller('content'),
      header: caller('header'),
      eoh: hooks.has('eoh')
        ? () => chain(hooks.call('eoh', []), (answer) => this.#heed('eoh', answer))
        : undefined,
      body: hooks.has('body')
        ? (lines) =>
            chain(hooks.callEach('body', lines), ({ done, answer }) =>
              chain(this.#heed('body', answer), (go) => (go === 'on' ? done : 0)),
            )
        : undefined,
    };
  }

  /** A reply is kept for the dot. The first refusal is final; a yes gives way to what comes later. */
  #heed(name: HookName, given: HookAnswer): Maybe<Onward> {
    const answer = this.#core.replies.settle(given);
    switch (answer.kind) {
      case 'silent':
        if (answer.drop) this.#decision.drop = true;
        return 'on';
      case 'reply':
        if (answer.drop) this.#decision.drop = true;
        if (this.#decision.reply === undefined || this.#decision.reply.code < 300) {
          this.#decision.reply = answer.reply;
          this.#decision.cause = `hook.${name}`;
        }
        return 'on';
      case 'failed':
      case 'limit':
        return chain(this.#core.replies.fail(answer), () => 'stop');
      case 'cancelled':
        return 'stop';
    }
  }

  /** The message is over when the chunk is refused: the client must not send another one, and what it has sent already is thrown away. */
  #chunkEnd(): Maybe<Progress> {
    const { replies } = this.#core;
    const verdict = refusedChunk(this.#core, this.#transaction, this.#spool, this.#receiver, this.#decision);
    const reply = verdict?.reply ?? chunkOk(this.#chunk);
    const cause = verdict?.cause ?? 'default';
    this.#transaction.story.asks('chunk');
    return chain(replies.send(reply, cause), (code) => {
      if (isPositive(code)) return 'chunk';
      this.#dotSeen = true;
      this.#report(code, verdict ?? { reply, cause, drop: false });
      return 'over';
    });
  }

  #end(): Maybe<Progress> {
    const core = this.#core;
    const transaction = this.#transaction;
    this.#dotSeen = true;
    transaction.complete();
    transaction.story.complete();
    return chain(decide(core, transaction, this.#spool, this.#receiver, this.#decision), (verdict) => {
      if (verdict === undefined) return 'over';
      if (verdict.drop) core.replies.drop();
      const delivered = verdict.taken === 'by the next hop' || verdict.taken === 'by the policy';
      transaction.story.decided(verdict.reply.code, verdict.cause, verdict.taken === 'thrown away');
      return chain(core.replies.send(verdict.reply, verdict.cause, delivered), (code) => {
        this.#report(code, verdict);
        transaction.replied();
        if (verdict.reported !== undefined && isPositive(code)) this.#tellSender(verdict.reported);
        return 'over';
      });
    });
  }

  /** The client has its 250, and has asked for a report that nobody else is going to send. */
  #tellSender(outcome: Delivered): void {
    const { deps, log, options } = this.#core;
    const { final, headers, id, parameters } = this.#transaction;
    const { sender } = final;
    const about = { id, sender, parameters, outcome, headers: headers.toBuffer() };
    deps.reports?.tell({ ...about, options, log: log.child({ transaction: id }) });
  }

  /** What became of the message. */
  #report(code: number, verdict: Verdict): void {
    const core = this.#core;
    const accepted = code < 300;
    const was = verdict.reply.code;
    const cause = was === code ? verdict.cause : `hook.reply, in place of ${was}: ${verdict.cause}`;
    core.counts.commandsWithoutMessage = 0;
    core.counts.smallChunks = 0;
    const event = !accepted ? 'tx-rollback' : verdict.taken === 'thrown away' ? 'tx-discard' : 'tx-commit';
    const { id, recipients, sender } = this.#transaction;
    core.report.message(event, {
      transaction: id,
      sender,
      recipients: recipients.length,
      bytes: this.#receiver.received,
      code,
      cause,
      client: core.client.address,
    });
  }
}
