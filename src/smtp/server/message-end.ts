// What a client hears at the final dot (doc/differences.md, "SMTP dialogue"): the engine's own checks, hook.dot, the rewritten headers, hook.forward, the
// smart host, the default. 250 means that a next hop has the message, or that the policy said so.

import { chain, type Maybe } from '../../base/maybe.ts';
import { messageKey } from '../../delivery/message-key.ts';
import type { Received } from '../../delivery/port/delivery.ts';
import { checkReceived } from '../../message/received-file.ts';
import type { MessageReceiver } from '../../message/receiver.ts';
import type { Spool } from '../../message/spool.ts';
import { finish } from './final-content.ts';
import type { HookAnswer } from './hooks.ts';
import { changed, ownRefusal, spoolFailure } from './message-refusal.ts';
import { addTrace, removeForgedResults } from './own-headers.ts';
import type { SessionCore } from './session-core.ts';
import { toSmartHost } from './to-smart-host.ts';
import type { Transaction } from './transaction.ts';
import { unclaimed } from './unclaimed.ts';
import type { ContentDecision, EndedMessage, Verdict } from './verdict.ts';

/** The verdict; undefined when the session is over (a hook failed and 421 was sent, or it was cancelled). */
export function decide(
  core: SessionCore,
  transaction: Transaction,
  spool: Spool,
  receiver: MessageReceiver,
  content: ContentDecision,
): Maybe<Verdict | undefined> {
  const end = new MessageEnd(core, transaction, spool, content);
  const own = ownRefusal(end, receiver);
  return own ?? chain(end.flushed(), (failure) => failure ?? end.dot(receiver));
}

/** The refusal of a chunk that is not the last: what the policy has to say is kept for the end of the message. */
export function refusedChunk(
  core: SessionCore,
  transaction: Transaction,
  spool: Spool,
  receiver: MessageReceiver,
  content: ContentDecision,
): Verdict | undefined {
  return receiver.fault === undefined
    ? undefined
    : ownRefusal({ core, transaction, spool, decision: content }, receiver);
}

class MessageEnd implements EndedMessage {
  readonly core: SessionCore;
  readonly transaction: Transaction;
  readonly spool: Spool;
  readonly decision: ContentDecision;
  /** Monotonic milliseconds: the client waits from here on. */
  readonly #dotAt: number;
  /** For next hops that answer for each recipient. */
  #received: Received | undefined;

  constructor(core: SessionCore, transaction: Transaction, spool: Spool, decision: ContentDecision) {
    this.core = core;
    this.transaction = transaction;
    this.spool = spool;
    this.decision = decision;
    this.#dotAt = core.deps.clock.monotonic();
  }

  /** A message on disk is wholly there before anybody looks at it; the verdict when the disk failed. */
  flushed(): Maybe<Verdict | undefined> {
    const { failure, pieces } = this.spool;
    if (failure !== undefined) return spoolFailure(this, failure);
    if (pieces !== undefined) return undefined;
    return this.spool
      .onDisk()
      .then(() => checkReceived(this.spool))
      .then(
        (fault) => changed(this, fault),
        (error: Error) => spoolFailure(this, error),
      );
  }

  dot(receiver: MessageReceiver): Maybe<Verdict | undefined> {
    return chain(this.#keep(), (failure) => failure ?? this.#dot(receiver));
  }

  /** Keeps how the message came, before a policy makes another one of it, where a retry may have to be known again. */
  #keep(): Maybe<Verdict | undefined> {
    const { deps, hooks, options, values } = this.core;
    const { headers, recipients, routes, sender } = this.transaction;
    if (values['smtp-partial'] === '250') return undefined;
    if (!headers.edited && !hooks.has('dot') && !hooks.has('forward')) return undefined;
    if (!deps.smartHost.answersEach({ options, route: routes.settled })) return undefined;
    return messageKey(this.spool).then(
      (key) => {
        this.#received = { sender, recipients: recipients.map(({ address }) => address), key };
        return undefined;
      },
      (error: Error) => spoolFailure(this, error),
    );
  }

  #dot(receiver: MessageReceiver): Maybe<Verdict | undefined> {
    const { hooks } = this.core;
    hooks.client({ message_length: this.spool.size - receiver.added });
    removeForgedResults(this);
    if (this.core.values['smtp-received']) addTrace(this);
    this.transaction.atDot = true;
    return chain(hooks.call('dot', [this.spool.path]), (given) => {
      this.transaction.endOfDot();
      const answer = this.core.replies.settle(given);
      // What the hook made of a file that it could not read does not count.
      if (this.spool.failure !== undefined && answer.kind !== 'cancelled') {
        return spoolFailure(this, this.spool.failure);
      }
      if (answer.kind === 'failed' || answer.kind === 'limit') return this.#failed(answer);
      if (answer.kind === 'cancelled') return undefined;
      this.#heed(answer, 'hook.dot');
      if (this.#negative) return this.#decided('by the policy');
      return chain(finish(this, receiver), (failure) => failure ?? this.#forward());
    });
  }

  /** The refusal of a hook while the message came in is final; else what comes later counts. */
  #heed(answer: Extract<HookAnswer, { kind: 'silent' | 'reply' }>, cause: string): void {
    if (answer.drop) this.decision.drop = true;
    if (answer.kind !== 'reply' || this.#negative) return;
    this.decision.reply = answer.reply;
    this.decision.cause = cause;
  }

  get #negative(): boolean {
    return (this.decision.reply?.code ?? 0) >= 300;
  }

  #forward(): Maybe<Verdict | undefined> {
    const core = this.core;
    core.delivering = true;
    return chain(this.#forwarded(), (verdict) => {
      core.delivering = false;
      return verdict;
    });
  }

  #forwarded(): Maybe<Verdict | undefined> {
    const { recipients, sender } = this.transaction.final;
    if (recipients.length === 0) return unclaimed(this, 'the policy has removed every recipient; ');
    const addresses = recipients.map(({ address }) => address);
    return chain(this.core.hooks.call('forward', [this.spool.path, sender, addresses]), (given) => {
      if (given.kind === 'cancelled') return undefined;
      const configured =
        this.transaction.routes.settled !== undefined ||
        this.core.deps.smartHost.configured(this.core.options);
      // A Lua error in hook.forward leaves the message to the smart host (doc/differences.md).
      const toSmartHost = given.kind === 'failed' && given.reason === 'error' && configured;
      const answer: HookAnswer = toSmartHost
        ? { kind: 'silent', drop: false }
        : this.core.replies.settle(given);
      if (answer.kind === 'failed' || answer.kind === 'limit') return this.#failed(answer);
      if (answer.kind === 'cancelled') return undefined;
      this.#heed(answer, 'hook.forward');
      if (answer.kind === 'reply') return this.#decided('by the policy');
      return configured ? this.#toSmartHost() : unclaimed(this);
    });
  }

  #toSmartHost(): Promise<Verdict | undefined> {
    return toSmartHost(this, this.#dotAt + this.core.values['smtp-dot-timeout'] * 1000, this.#received);
  }

  /** The reply of a hook that decides. */
  #decided(taken: NonNullable<Verdict['taken']>): Verdict {
    const { cause, drop, reply } = this.decision;
    if (reply === undefined) throw new Error('no hook has decided');
    return reply.code < 300 ? { reply, cause, drop, taken } : { reply, cause, drop };
  }

  #failed(answer: Extract<HookAnswer, { kind: 'failed' | 'limit' }>): Maybe<undefined> {
    return chain(this.core.replies.fail(answer), () => undefined);
  }
}
