// From 354 to the reply at dot: receives the message, keeps what hook.content, header, eoh and body decided, and has the end decided.

import type { LuaValue } from '../lua/value.ts';
import { chain, type Maybe } from '../message/maybe.ts';
import { type ContentSink, MessageReceiver } from '../message/receiver.ts';
import type { HookName } from '../policy/hook-table.ts';
import type { HookAnswer } from './hooks.ts';
import { type ContentDecision, decide, type Verdict } from './message-end.ts';
import type { SessionCore } from './session-core.ts';
import type { Transaction } from './transaction.ts';

export class MessageDialogue {
  readonly #core: SessionCore;
  readonly #transaction: Transaction;
  readonly #receiver: MessageReceiver;
  #dotSeen = false;
  #decision: ContentDecision = { reply: undefined, cause: '', drop: false };

  constructor(core: SessionCore, transaction: Transaction) {
    const spool = transaction.message;
    if (spool === undefined) throw new Error('DATA without a place for the message');
    this.#core = core;
    this.#transaction = transaction;
    this.#receiver = new MessageReceiver(spool, transaction.headers, this.#sink(), {
      size: core.values['smtp-max-size'],
      headers: core.values['limit-header-bytes'],
      bodyLine: core.values['limit-body-line'],
      hops: core.values['limit-received'],
    });
    transaction.receive(this.#receiver);
  }

  /** Bytes of the client. True when the message is over and its reply was sent. */
  feed(chunk: Buffer): Maybe<boolean> {
    return chain(this.#receiver.feed(chunk, 0), (received) => {
      if (received.kind !== 'end') return false;
      // What is behind the dot stays where it is until the reply was sent.
      this.#core.input.unread(chunk, received.next);
      return this.#end();
    });
  }

  /** The session ends, for `cause`. The line that says what became of a message whose dot has not come. */
  abandon(cause: string): void {
    if (this.#dotSeen) return;
    const { client, log } = this.#core;
    const { id, recipients, sender } = this.#transaction;
    log.write('notice', 'message incomplete, dropped', {
      transaction: id,
      sender,
      recipients: recipients.length,
      recipient: recipients[0],
      bytes: this.#receiver.received,
      cause,
      client: client.address,
    });
  }

  #sink(): ContentSink {
    const { hooks } = this.#core;
    const caller = (name: HookName): ((value: LuaValue) => Maybe<boolean>) | undefined => {
      if (!hooks.has(name)) return undefined;
      const heed = (answer: HookAnswer): Maybe<boolean> => this.#heed(name, answer);
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
              chain(this.#heed('body', answer), (go) => (go ? done : 0)),
            )
        : undefined,
    };
  }

  /** A reply is kept for the dot. The first refusal is final; a yes gives way to what comes later. */
  #heed(name: HookName, given: HookAnswer): Maybe<boolean> {
    const answer = this.#core.settle(given);
    switch (answer.kind) {
      case 'silent':
        if (answer.drop) this.#decision.drop = true;
        return true;
      case 'reply':
        if (answer.drop) this.#decision.drop = true;
        if (this.#decision.reply === undefined || this.#decision.reply.code < 300) {
          this.#decision.reply = answer.reply;
          this.#decision.cause = `hook.${name}`;
        }
        return true;
      case 'failed':
      case 'limit':
        return chain(this.#core.fail(answer), () => false);
      case 'cancelled':
        return false;
    }
  }

  #end(): Maybe<boolean> {
    const core = this.#core;
    const transaction = this.#transaction;
    this.#dotSeen = true;
    transaction.complete();
    return chain(decide(core, transaction, this.#receiver, this.#decision), (verdict) => {
      if (verdict === undefined) return true;
      if (verdict.drop) core.dropping = true;
      core.deps.counters.bytes += this.#receiver.received;
      const delivered = verdict.taken === 'by the next hop' || verdict.taken === 'by the policy';
      return chain(core.send(verdict.reply, verdict.cause, delivered), (code) => {
        this.#log(code, verdict);
        return true;
      });
    });
  }

  /** The line that says what became of the message. */
  #log(code: number, verdict: Verdict): void {
    const core = this.#core;
    const accepted = code < 300;
    const taken = verdict.taken === 'thrown away' ? 'message thrown away' : 'message accepted';
    const was = verdict.reply.code;
    const cause = was === code ? verdict.cause : `hook.reply, in place of ${was}: ${verdict.cause}`;
    if (accepted) core.deps.counters.messagesAccepted++;
    else core.deps.counters.messagesRefused++;
    core.sums.messages++;
    core.counts.commandsWithoutMessage = 0;
    core.log.write('info', accepted ? taken : 'message refused', {
      transaction: this.#transaction.id,
      sender: this.#transaction.sender,
      recipients: this.#transaction.recipients.length,
      recipient: this.#transaction.recipients[0],
      bytes: this.#receiver.received,
      code,
      cause,
      client: core.client.address,
    });
  }
}
