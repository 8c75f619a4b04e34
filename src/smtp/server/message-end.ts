// What a client hears at the final dot (doc/differences.md, "SMTP dialogue"): the engine's own checks, hook.dot, the rewritten headers, hook.forward, the
// smart host, the default. 250 means that a next hop has the message, or that the policy said so.

import { isFull } from '../../base/errors.ts';
import { chain, type Maybe } from '../../base/maybe.ts';
import { dotReply } from '../../delivery/dot-reply.ts';
import { hasEightBit, hasEightBitHeaders } from '../../delivery/eight-bit.ts';
import { messageKey } from '../../delivery/message-key.ts';
import type { DeliveryOutcome, Received } from '../../delivery/port/delivery.ts';
import { outcomeText } from '../../delivery/port/outcome.ts';
import { type Delivered, reportedRecipients } from '../../delivery/relayed-reports.ts';
import type { SmartHostDelivery } from '../../delivery/smart-host.ts';
import type { ContentChanges } from '../../message/change/content-changes.ts';
import { maySpeakForUs, removeForged, resultsHeader } from '../../message/forged-results.ts';
import type { HeaderList } from '../../message/header/header-list.ts';
import { checkHeaders, checkLeft, checkReceived, type FileFault } from '../../message/received-file.ts';
import { protocolWord, receivedHeader } from '../../message/received-header.ts';
import type { MessageReceiver } from '../../message/receiver.ts';
import { type ReceivedLayout, rewriteHeaders } from '../../message/rewrite.ts';
import { type FinalWishes, signFinal } from '../../message/sign-final.ts';
import type { Spool } from '../../message/spool.ts';
import type { Reply } from '../protocol/reply.ts';
import { accepted } from './default-reply.ts';
import { followedFrom } from './followed-wait.ts';
import { forwardedClient, onBehalf } from './forwarded-client.ts';
import type { HookAnswer } from './hooks.ts';
import { nextHopText } from './next-hop.ts';
import { type ErrorName, type ErrorParams, errorReply } from './reply-table.ts';
import type { SessionCore } from './session-core.ts';
import type { Transaction } from './transaction.ts';

/** What the hooks said while the message came in. */
export interface ContentDecision {
  reply: Reply | undefined;
  cause: string;
  drop: boolean;
}

type DefaultAtDot = '250' | '451' | '550';

/** Why nobody has the message, for the log; `said`: what a hook had said before. */
function unclaimed(word: DefaultAtDot, said: string): string {
  const end = word === '250' ? '; it was thrown away' : '';
  return `smtp-default-at-dot=${word}: ${said}nobody took the message${end}`;
}

/** When no hook had said anything: put together once. */
const UNCLAIMED = {
  250: unclaimed('250', ''),
  451: unclaimed('451', ''),
  550: unclaimed('550', ''),
} as const;

export interface Verdict {
  readonly reply: Reply;
  readonly cause: string;
  readonly drop: boolean;
  /** Of a positive reply: who has the message now. */
  readonly taken?: 'by the next hop' | 'by the policy' | 'thrown away';
  /** Of a message that the next hop has, when its sender is to be told so by us (RFC 3461 section 5.2.3). */
  readonly reported?: Delivered | undefined;
}

/** The verdict; undefined when the session is over (a hook failed and 421 was sent, or it was cancelled). */
export function decide(
  core: SessionCore,
  transaction: Transaction,
  spool: Spool,
  receiver: MessageReceiver,
  content: ContentDecision,
): Maybe<Verdict | undefined> {
  const end = new MessageEnd(core, transaction, spool, content);
  const own = end.ownRefusal(receiver);
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
    : new MessageEnd(core, transaction, spool, content).ownRefusal(receiver);
}

class MessageEnd {
  readonly #core: SessionCore;
  readonly #transaction: Transaction;
  readonly #spool: Spool;
  readonly #decision: ContentDecision;
  /** Monotonic milliseconds: the client waits from here on. */
  readonly #dotAt: number;
  /** For next hops that answer for each recipient. */
  #received: Received | undefined;

  constructor(core: SessionCore, transaction: Transaction, spool: Spool, decision: ContentDecision) {
    this.#core = core;
    this.#transaction = transaction;
    this.#spool = spool;
    this.#decision = decision;
    this.#dotAt = core.deps.clock.monotonic();
  }

  /** What is refused without asking the policy. */
  ownRefusal(receiver: MessageReceiver): Verdict | undefined {
    const { fault } = receiver;
    if (fault?.kind === 'size') return this.#refusal('size', { limit: this.#core.values['smtp-max-size'] });
    if (fault?.kind === 'headers') {
      return this.#refusal('headers', { limit: this.#core.values['limit-header-bytes'] });
    }
    if (fault?.kind === 'header-count') {
      return this.#refusal('headerCount', { limit: this.#core.values['limit-headers'] });
    }
    if (fault?.kind === 'hops') return this.#refusal('hops', { limit: this.#core.values['limit-received'] });
    if (fault?.kind === 'binary-headers') return this.#refusal('binaryHeaders');
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
    return chain(this.#keep(), (failure) => failure ?? this.#dot(receiver));
  }

  /** Keeps how the message came, before a policy makes another one of it, where a retry may have to be known again. */
  #keep(): Maybe<Verdict | undefined> {
    const { deps, hooks, options, values } = this.#core;
    const { headers, recipients, routes, sender } = this.#transaction;
    if (values['smtp-partial'] === '250') return undefined;
    if (!headers.edited && !hooks.has('dot') && !hooks.has('forward')) return undefined;
    if (!deps.smartHost.answersEach({ options, route: routes.settled })) return undefined;
    return messageKey(this.#spool).then(
      (key) => {
        this.#received = { sender, recipients: recipients.map(({ address }) => address), key };
        return undefined;
      },
      (error: Error) => this.#spoolFailure(error),
    );
  }

  #dot(receiver: MessageReceiver): Maybe<Verdict | undefined> {
    const { hooks } = this.#core;
    hooks.client({ message_length: this.#spool.size - receiver.added });
    this.#removeForged();
    if (this.#core.values['smtp-received']) this.#trace();
    this.#transaction.atDot = true;
    return chain(hooks.call('dot', [this.#spool.path]), (given) => {
      this.#transaction.endOfDot();
      const answer = this.#core.replies.settle(given);
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

  /** The Received header of ours. Before hook.dot, where the policy may take it away. */
  #trace(): void {
    const { auth, client, deps, extended, helo, values } = this.#core;
    const { id, parameters, recipients } = this.#transaction;
    const only = recipients.length === 1 ? recipients[0] : undefined;
    const utf8 = parameters.SMTPUTF8 !== undefined;
    this.#transaction.receiver?.syncHeaders();
    this.#transaction.trace(
      receivedHeader({
        helo,
        protocol: protocolWord(extended, utf8, client.tls !== undefined, auth !== undefined),
        host: client.hostKnown ? client.host : undefined,
        address: client.address,
        tls: client.tls,
        user: values['smtp-received-user'] ? auth?.user : undefined,
        by: deps.hostName,
        id,
        recipient: only?.address,
        time: deps.clock.now(),
      }),
    );
  }

  /** Where signatures are to stand: on top, but below what says how the message came to us. */
  get #belowTrace(): number {
    const { belowTrace, headers } = this.#transaction;
    let at = belowTrace;
    // 1: there is no Received of ours, nor a place that it keeps for the results.
    while (at > 1 && headers.isEdit(at) && headers.find(resultsHeader, at - belowTrace + 1)?.index === at)
      at++;
    return at;
  }

  /** Results in our name that came with the message, when they go whatever the policy does (authres-remove). */
  #removeForged(): void {
    const { client, deps, log, values } = this.#core;
    if (values['authres-remove'] !== '+') return;
    if (maySpeakForUs(values['authres-trusted-hosts'], client.rightsAddress)) return;
    this.#transaction.receiver?.syncHeaders();
    // What the policy has written at the end of the headers stays.
    const names = [values['authserv-id'] || deps.hostName];
    const removed = removeForged(this.#transaction.headers, names, 'received');
    if (removed > 0) log.emit('authres-removed', { transaction: this.#transaction.id, removed });
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
    const wishes = this.#transaction.finalWishes;
    const changes = this.#transaction.contentChanges;
    for (const unmade of changes?.left ?? [])
      this.#core.log.emit('content-unchanged', { transaction: this.#transaction.id, ...unmade });
    if (changes?.refusal !== undefined) return this.#refusal('unchangeable', {}, changes.refusal);
    const isChanged = changes !== undefined && changes.count > 0;
    const edited = layout !== undefined && (headers.edited || wishes !== undefined || isChanged);
    const onDisk = this.#spool.pieces === undefined;
    if (!edited && !onDisk) return undefined;
    const receivedSize = this.#spool.size;
    return (onDisk ? this.#left() : Promise.resolve(undefined))
      .then(async (fault) => {
        if (fault !== undefined || !edited) return this.#changed(fault);
        const wrong = onDisk ? await checkHeaders(this.#spool, headers, layout, receivedSize) : undefined;
        if (wrong !== undefined) return this.#changed(wrong);
        const now = isChanged ? await this.#changeContent(changes, headers, layout) : layout;
        if ('reply' in now) return now;
        const unsigned = wishes === undefined ? undefined : await this.#sign(headers, now, wishes);
        if (unsigned === undefined) await rewriteHeaders(this.#spool, headers, now);
        return unsigned;
      })
      .catch((error: Error) => this.#spoolFailure(error));
  }

  /** Writes what the policy wants changed in the content; where its headers end then, or the verdict. */
  async #changeContent(
    changes: ContentChanges,
    headers: HeaderList,
    layout: ReceivedLayout,
  ): Promise<ReceivedLayout | Verdict> {
    const { id } = this.#transaction;
    const conflict = await changes.conflict(headers, this.#spool.shown);
    if (conflict === 'file')
      return this.#fileChanged(
        'its content was changed in the file and by mime.*; right would be: by one of them',
      );
    if (conflict !== undefined) {
      const outcome = changes.mustBeMade ? 'refused' : 'left';
      this.#core.log.emit('content-unchanged', { transaction: id, change: 'all', cause: conflict, outcome });
      return changes.mustBeMade ? this.#refusal('unchangeable', {}, conflict) : layout;
    }
    const bytes = this.#spool.size;
    const { content, hasEmptyLine } = await changes.write(headers);
    await this.#spool.replaceContent(content);
    this.#core.log.emit('content-changed', {
      transaction: id,
      changes: changes.count,
      bytes,
      became: this.#spool.size,
    });
    return { headerLength: layout.headerLength, hasEmptyLine };
  }

  /** The verdict when the message cannot be signed, and is not to go without. */
  async #sign(
    headers: HeaderList,
    layout: ReceivedLayout,
    wishes: FinalWishes,
  ): Promise<Verdict | undefined> {
    const cause = await this.#untilOver(wishes, () =>
      signFinal(this.#spool, headers, layout, wishes, this.#belowTrace),
    );
    if (cause === undefined) return undefined;
    this.#core.log.emit('not-signed', { transaction: this.#transaction.id, cause });
    if (this.#core.values['dkim-sign-failure'] === 'unsigned') return undefined;
    return this.#refusal('unsigned', {}, cause);
  }

  /** Whoever seals may wait for DNS, and not for longer than the session lasts. */
  async #untilOver<T>({ sealer }: FinalWishes, work: () => Promise<T>): Promise<T> {
    if (sealer === undefined) return work();
    const { abortSignal } = this.#core;
    const giveUp = (): void => sealer.giveUp();
    abortSignal.addEventListener('abort', giveUp, { once: true });
    try {
      if (abortSignal.aborted) giveUp();
      return await work();
    } finally {
      abortSignal.removeEventListener('abort', giveUp);
    }
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
    const { recipients, sender } = this.#transaction.final;
    if (recipients.length === 0) return this.#unclaimed('the policy has removed every recipient; ');
    const addresses = recipients.map(({ address }) => address);
    return chain(this.#core.hooks.call('forward', [this.#spool.path, sender, addresses]), (given) => {
      if (given.kind === 'cancelled') return undefined;
      const configured =
        this.#transaction.routes.settled !== undefined ||
        this.#core.deps.smartHost.configured(this.#core.options);
      // A Lua error in hook.forward leaves the message to the smart host (doc/differences.md).
      const toSmartHost = given.kind === 'failed' && given.reason === 'error' && configured;
      const answer: HookAnswer = toSmartHost
        ? { kind: 'silent', drop: false }
        : this.#core.replies.settle(given);
      if (answer.kind === 'failed' || answer.kind === 'limit') return this.#failed(answer);
      if (answer.kind === 'cancelled') return undefined;
      this.#heed(answer, 'hook.forward');
      if (answer.kind === 'reply') return this.#decided('by the policy');
      return configured ? this.#smartHost() : this.#unclaimed();
    });
  }

  async #smartHost(): Promise<Verdict | undefined> {
    const { abortSignal, deps, options, values } = this.#core;
    let eightBit: boolean;
    let utf8Headers = false;
    try {
      const fault = this.#spool.pieces === undefined ? await this.#left() : undefined;
      if (fault !== undefined) return this.#changed(fault);
      eightBit = await hasEightBit(this.#spool);
      utf8Headers = this.#transaction.isUtf8 && eightBit && (await hasEightBitHeaders(this.#spool));
    } catch (error) {
      return this.#spoolFailure(error instanceof Error ? error : new Error(String(error)));
    }
    const until = this.#dotAt + values['smtp-dot-timeout'] * 1000;
    const { asking, final, id, parameters, routes } = this.#transaction;
    const { recipients, sender } = final;
    const delivery: SmartHostDelivery = {
      sender,
      parameters,
      recipients: [...recipients],
      message: this.#spool,
      received: this.#received,
      eightBit,
      utf8Headers,
      allRecipients: values['smtp-partial'] !== '250',
      tlsNotRequired: this.#tlsNotRequired(),
      until,
      id,
      options,
      route: routes.settled,
      client: forwardedClient(this.#core),
      onBehalf: onBehalf(this.#core),
      afterReply: (work) => this.#transaction.afterReply(work),
      log: this.#core.log.child({ transaction: id }),
      trying: (host) => {
        this.#core.nextHop = host;
      },
    };
    if (asking === undefined) this.#core.nextHop = '';
    const since = deps.clock.monotonic();
    const forward = (): Promise<DeliveryOutcome> =>
      asking === undefined
        ? deps.smartHost.forward(delivery, abortSignal)
        : asking.content(delivery, { until, signal: abortSignal });
    const outcome = await followedFrom(this.#core, forward, () => ({
      ...{ for: 'next hop', what: `${nextHopText(this.#core)} to take the message` },
      outcome: outcomeText,
    }));
    this.#transaction.story.forwarded(outcome, since, this.#spool.size);
    const result = dotReply(outcome, values['smtp-partial']);
    if (this.#core.ending !== undefined) {
      this.#core.log.emit('tx-unheard', {
        transaction: this.#transaction.id,
        outcome: result.cause,
      });
      return undefined;
    }
    if (result.kind === 'accepted') {
      const { drop, reply = accepted(this.#transaction.id) } = this.#decision;
      const isReported = outcome.kind === 'delivered' && reportedRecipients(outcome, sender).length > 0;
      const reported = isReported ? outcome : undefined;
      return { reply, cause: result.cause, drop, taken: 'by the next hop', reported };
    }
    return { reply: result.reply, cause: result.cause, drop: this.#decision.drop };
  }

  /** The header `TLS-Required: No` (RFC 8689 section 5), where it can change anything. */
  #tlsNotRequired(): boolean {
    const { values } = this.#core;
    if (values['smtp-forward-tls'] !== 'must' || !values['smtp-requiretls']) return false;
    const value = this.#transaction.headers.find('TLS-Required', 1)?.value;
    return value !== undefined && /^\s*no\s*$/i.test(value);
  }

  /** The reply of a hook that decides. */
  #decided(taken: NonNullable<Verdict['taken']>): Verdict {
    const { cause, drop, reply } = this.#decision;
    if (reply === undefined) throw new Error('no hook has decided');
    return reply.code < 300 ? { reply, cause, drop, taken } : { reply, cause, drop };
  }

  /** No next hop, and hook.forward did not take the message, or nobody is to have it: what another hook said about it delivers nothing. */
  #unclaimed(before = ''): Verdict {
    const { cause, drop, reply } = this.#decision;
    const word = this.#core.values['smtp-default-at-dot'];
    const said = reply === undefined ? before : `${before}${cause} said ${reply.code}, but `;
    const why = said === '' ? UNCLAIMED[word] : unclaimed(word, said);
    if (word !== '250') return this.#refusal(word === '550' ? 'rejected' : 'later', {}, why);
    return { reply: accepted(this.#transaction.id), drop, taken: 'thrown away', cause: why };
  }

  #refusal(error: ErrorName, params: ErrorParams = {}, cause: string = error): Verdict {
    const url = this.#core.values['smtp-error-url'];
    const reply = errorReply(error, url, { id: this.#transaction.id, ...params });
    return { reply, cause, drop: this.#decision.drop };
  }

  #spoolFailure(error: Error): Verdict {
    this.#core.log.emit('spool-fault', {
      transaction: this.#transaction.id,
      file: this.#spool.path,
      cause: error.message,
    });
    return this.#refusal(isFull(error) ? 'storage' : 'spool', {}, error.message);
  }

  /** The policy did to the file of the message what it may not. */
  #changed(fault: FileFault): Verdict | undefined {
    return fault === undefined ? undefined : this.#fileChanged(fault);
  }

  #fileChanged(fault: string): Verdict {
    this.#core.log.emit('file-changed', {
      transaction: this.#transaction.id,
      file: this.#spool.path,
      cause: fault,
    });
    return this.#refusal('fileChanged', {}, fault);
  }

  #failed(answer: Extract<HookAnswer, { kind: 'failed' | 'limit' }>): Maybe<undefined> {
    return chain(this.#core.replies.fail(answer), () => undefined);
  }
}
