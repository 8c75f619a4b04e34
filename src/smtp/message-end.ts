// What a client hears at the final dot (design section 5): the engine's own checks, hook.dot, the rewritten headers, hook.forward, the
// smart host, the default. 250 means that a next hop has the message, or that the policy said so.
import { dotReply, formatDotReply } from '../forward/dot-reply.ts';
import { hasEightBit } from '../forward/eight-bit.ts';
import { chain, type Maybe } from '../message/maybe.ts';
import { checkHeaders, checkLeft, checkReceived, type FileFault } from '../message/received-file.ts';
import type { MessageReceiver } from '../message/receiver.ts';
import { rewriteHeaders } from '../message/rewrite.ts';
import type { Spool } from '../message/spool.ts';
import { accepted } from './default-reply.ts';
import type { HookAnswer } from './hooks.ts';
import type { Reply } from './reply.ts';
import { type ErrorName, type ErrorParams, errorReply } from './reply-table.ts';
import type { SessionCore } from './session-core.ts';
import type { Transaction } from './transaction.ts';

/** What the hooks said while the message came in. */
export interface ContentDecision {
  reply: Reply | undefined;
  cause: string;
  drop: boolean;
}

export interface Verdict {
  readonly reply: Reply;
  readonly cause: string;
  readonly drop: boolean;
  /** Of a positive reply: who has the message now. */
  readonly taken?: 'by the next hop' | 'by the policy' | 'thrown away';
}

/** The verdict; undefined when the session is over (a hook failed and 421 was sent, or it was cancelled). */
export function decide(
  core: SessionCore,
  transaction: Transaction,
  receiver: MessageReceiver,
  content: ContentDecision,
): Maybe<Verdict | undefined> {
  const spool = transaction.message;
  if (spool === undefined) throw new Error('a message without its place');
  const end = new MessageEnd(core, transaction, spool, content);
  const own = end.ownRefusal(receiver);
  return own ?? chain(end.flushed(), (failure) => failure ?? end.dot(receiver));
}

class MessageEnd {
  readonly #core: SessionCore;
  readonly #transaction: Transaction;
  readonly #spool: Spool;
  readonly #decision: ContentDecision;

  constructor(core: SessionCore, transaction: Transaction, spool: Spool, decision: ContentDecision) {
    this.#core = core;
    this.#transaction = transaction;
    this.#spool = spool;
    this.#decision = decision;
  }

  /** What is refused without asking the policy. */
  ownRefusal(receiver: MessageReceiver): Verdict | undefined {
    const { fault } = receiver;
    if (fault?.kind === 'size') return this.#refusal('size', { limit: this.#core.values['smtp-max-size'] });
    if (fault?.kind === 'headers') {
      return this.#refusal('headers', { limit: this.#core.values['limit-header-bytes'] });
    }
    if (fault?.kind === 'hops') return this.#refusal('hops', { limit: this.#core.values['limit-received'] });
    if (fault?.kind === 'spool') return this.#spoolFailure(fault.error);
    if (receiver.received === 0) return this.#refusal('empty');
    if (receiver.bareNewlines > 0 && this.#core.values['smtp-bare-newline'] === 'reject') {
      return this.#refusal('bareNewline');
    }
    return undefined;
  }

  /** A message on disk is wholly there before anybody looks at it; the verdict when the disk failed. */
  flushed(): Maybe<Verdict | undefined> {
    const { failure, pieces } = this.#spool;
    if (failure !== undefined) return this.#spoolFailure(failure);
    if (pieces !== undefined) return undefined;
    return this.#spool
      .onDisk()
      .then(() => checkReceived(this.#spool))
      .then(
        (fault) => this.#changed(fault),
        (error: Error) => this.#spoolFailure(error),
      );
  }

  dot(receiver: MessageReceiver): Maybe<Verdict | undefined> {
    const { hooks } = this.#core;
    hooks.client({ message_length: this.#spool.size });
    this.#transaction.atDot = true;
    return chain(hooks.call('dot', [this.#spool.path]), (given) => {
      this.#transaction.atDot = false;
      this.#transaction.headersEditable = false;
      const answer = this.#core.settle(given);
      // What the hook made of a file that it could not read does not count.
      if (this.#spool.failure !== undefined && answer.kind !== 'cancelled') {
        return this.#spoolFailure(this.#spool.failure);
      }
      if (answer.kind === 'failed' || answer.kind === 'limit') return this.#failed(answer);
      if (answer.kind === 'cancelled') return undefined;
      this.#heed(answer, 'hook.dot');
      if (this.#negative) return this.#decided('by the policy');
      return chain(this.#rewritten(receiver), (failure) => failure ?? this.#forward());
    });
  }

  /** The refusal of a hook while the message came in is final; else what comes later counts. */
  #heed(answer: Extract<HookAnswer, { kind: 'silent' | 'reply' }>, cause: string): void {
    if (answer.drop) this.#decision.drop = true;
    if (answer.kind !== 'reply' || this.#negative) return;
    this.#decision.reply = answer.reply;
    this.#decision.cause = cause;
  }

  get #negative(): boolean {
    return (this.#decision.reply?.code ?? 0) >= 300;
  }

  #rewritten(receiver: MessageReceiver): Maybe<Verdict | undefined> {
    const { layout } = receiver;
    const { headers } = this.#transaction;
    const edited = layout !== undefined && headers.edited;
    const onDisk = this.#spool.pieces === undefined;
    if (!edited && !onDisk) return undefined;
    const receivedSize = this.#spool.size;
    return (onDisk ? this.#left() : Promise.resolve(undefined))
      .then(async (fault) => {
        if (fault !== undefined || !edited) return fault;
        const wrong = onDisk ? await checkHeaders(this.#spool, headers, layout, receivedSize) : undefined;
        if (wrong === undefined) await rewriteHeaders(this.#spool, headers, layout);
        return wrong;
      })
      .then(
        (fault) => this.#changed(fault),
        (error: Error) => this.#spoolFailure(error),
      );
  }

  /** What is wrong with the file that the policy left. A service that was asked last may have begun to write it only now. */
  async #left(): ReturnType<typeof checkLeft> {
    await this.#spool.onDisk();
    return checkLeft(this.#spool);
  }

  #forward(): Maybe<Verdict | undefined> {
    const core = this.#core;
    core.delivering = true;
    return chain(this.#forwarded(), (verdict) => {
      core.delivering = false;
      return verdict;
    });
  }

  #forwarded(): Maybe<Verdict | undefined> {
    const { path, recipients, sender } = { path: this.#spool.path, ...this.#envelope };
    return chain(this.#core.hooks.call('forward', [path, sender, recipients]), (given) => {
      if (given.kind === 'cancelled') return undefined;
      const configured = this.#core.deps.smartHost.configured(this.#core.options);
      // A Lua error in hook.forward leaves the message to the smart host (API text).
      const toSmartHost = given.kind === 'failed' && given.reason === 'error' && configured;
      const answer: HookAnswer = toSmartHost ? { kind: 'silent', drop: false } : this.#core.settle(given);
      if (answer.kind === 'failed' || answer.kind === 'limit') return this.#failed(answer);
      if (answer.kind === 'cancelled') return undefined;
      this.#heed(answer, 'hook.forward');
      if (answer.kind === 'reply') return this.#decided('by the policy');
      return configured ? this.#smartHost() : this.#unclaimed();
    });
  }

  get #envelope(): { readonly sender: string; readonly recipients: readonly string[] } {
    return { sender: this.#transaction.sender, recipients: [...this.#transaction.recipients] };
  }

  async #smartHost(): Promise<Verdict | undefined> {
    const { abortSignal, deps, options, values } = this.#core;
    let eightBit: boolean;
    try {
      const fault = this.#spool.pieces === undefined ? await this.#left() : undefined;
      if (fault !== undefined) return this.#changed(fault);
      eightBit = await hasEightBit(this.#spool);
    } catch (error) {
      return this.#spoolFailure(error instanceof Error ? error : new Error(String(error)));
    }
    const outcome = await deps.smartHost.forward(
      {
        ...this.#envelope,
        message: this.#spool,
        eightBit,
        allRecipients: values['smtp-partial'] !== '250',
        id: this.#transaction.id,
        options,
        log: this.#core.log.child({ transaction: this.#transaction.id }),
      },
      abortSignal,
    );
    const result = dotReply(outcome, values['smtp-partial']);
    if (this.#core.ending !== undefined) {
      this.#core.log.write('notice', 'client gone before the reply at dot', {
        transaction: this.#transaction.id,
        outcome: result.cause,
      });
      return undefined;
    }
    if (result.kind === 'accepted') {
      const { drop, reply = accepted(this.#transaction.id) } = this.#decision;
      return { reply, cause: result.cause, drop, taken: 'by the next hop' };
    }
    return {
      reply: { code: result.code, text: formatDotReply(result) },
      cause: result.cause,
      drop: this.#decision.drop,
    };
  }

  /** The reply of a hook that decides. */
  #decided(taken: NonNullable<Verdict['taken']>): Verdict {
    const { cause, drop, reply } = this.#decision;
    if (reply === undefined) throw new Error('no hook has decided');
    return reply.code < 300 ? { reply, cause, drop, taken } : { reply, cause, drop };
  }

  /** No next hop, and hook.forward did not take the message: what another hook said about it delivers nothing. */
  #unclaimed(): Verdict {
    const { cause, drop, reply } = this.#decision;
    const word = this.#core.values['smtp-default-at-dot'];
    const said = reply === undefined ? '' : `${cause} said ${reply.code}, but `;
    const why = `smtp-default-at-dot=${word}: ${said}nobody took the message`;
    if (word !== '250') return this.#refusal(word === '550' ? 'rejected' : 'later', {}, why);
    return {
      ...{ reply: accepted(this.#transaction.id), drop, taken: 'thrown away' },
      cause: `${why}; it was thrown away`,
    };
  }

  #refusal(error: ErrorName, params: ErrorParams = {}, cause: string = error): Verdict {
    const url = this.#core.values['smtp-error-url'];
    const reply = errorReply(error, url, { id: this.#transaction.id, ...params });
    return { reply, cause, drop: this.#decision.drop };
  }

  #spoolFailure(error: Error): Verdict {
    const full = /ENOSPC|EDQUOT|EFBIG/.test((error as NodeJS.ErrnoException).code ?? '');
    this.#core.log.write('err', 'cannot store the message', {
      transaction: this.#transaction.id,
      file: this.#spool.path,
      cause: error.message,
    });
    return this.#refusal(full ? 'storage' : 'spool', {}, error.message);
  }

  /** The policy did to the file of the message what it may not. */
  #changed(fault: FileFault): Verdict | undefined {
    if (fault === undefined) return undefined;
    this.#core.log.write('err', 'the file of the message was changed', {
      transaction: this.#transaction.id,
      file: this.#spool.path,
      cause: fault,
    });
    return this.#refusal('fileChanged', {}, fault);
  }

  #failed(answer: Extract<HookAnswer, { kind: 'failed' | 'limit' }>): Maybe<undefined> {
    return chain(this.#core.fail(answer), () => undefined);
  }
}
