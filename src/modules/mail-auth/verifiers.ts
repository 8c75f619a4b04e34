// What dkim.verify and arc.verify share: the message of a transaction is taken in once, its keys are asked for once, and each gives the same
// results again as long as the transaction lasts.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { chain, type Maybe } from '../../base/maybe.ts';
import type { Resolver } from '../../dns/resolver-api.ts';
import type { CallContext, Slot } from '../../lua-api/call-context.ts';
import { LuaError, type LuaResults, type Suspension } from '../../lua-api/function-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { type ArcResult, verifyArc } from '../../mail-auth/arc/verify.ts';
import type { DkimResult } from '../../mail-auth/dkim/result.ts';
import { type VerifySetup, verifyDkim } from '../../mail-auth/dkim/verify.ts';
import { KeyFinder } from '../../mail-auth/key-finder.ts';
import { KeyCache } from '../../mail-auth/public-key.ts';
import { limitsOf, type ReceivedMessage } from '../../mail-auth/received.ts';
import { optionsOf } from '../../options/options.ts';
import { sessionOf, type TransactionView } from '../../policy/session-view.ts';
import { lookUps, ResolverNames } from './names.ts';
import { takeIn } from './take-in.ts';

/** The verification of one message. */
class Verification {
  readonly id: string;
  readonly #until = lookUps();
  readonly #take: () => Maybe<ReceivedMessage>;
  readonly #setup: VerifySetup;
  readonly #log: Log;
  #received: Maybe<ReceivedMessage> | undefined;
  #dkim: Maybe<readonly DkimResult[]> | undefined;
  #arc: Promise<ArcResult> | undefined;

  constructor(
    verifiers: Pick<Parts, 'clock' | 'resolver' | 'cache'>,
    context: CallContext,
    { id }: TransactionView,
  ) {
    this.id = id;
    this.#log = context.log;
    const { clock, resolver, cache } = verifiers;
    const { values } = optionsOf(context);
    const until = this.#until;
    const lookup = new ResolverNames(clock, resolver, {
      until,
      timeoutMs: values['dkim-timeout'] * 1000,
      maxPending: values['dns-session-queries'],
    });
    this.#setup = {
      keys: new KeyFinder(lookup, cache),
      now: Math.floor(clock.now() / 1000),
      minBits: values['dkim-min-bits'],
    };
    const limits = limitsOf(values);
    this.#take = () => {
      const transaction = sessionOf(context)?.transaction;
      if (transaction?.id !== id || !transaction.atDot) return Promise.reject(new LuaError(tooLate));
      return transaction.received ?? takeIn(transaction, limits, until.signal);
    };
  }

  dkim(): Maybe<readonly DkimResult[]> {
    this.#dkim ??= chain(this.#message(), (message) =>
      chain(verifyDkim(message, this.#setup), (found) => this.#told(found)),
    );
    return this.#dkim;
  }

  #told(results: readonly DkimResult[]): readonly DkimResult[] {
    if (results.length === 0) this.#tell('dkim', 'none');
    for (const { result } of results) this.#tell('dkim', result);
    return results;
  }

  arc(): Promise<ArcResult> {
    this.#arc ??= this.#verifyArc();
    return this.#arc;
  }

  async #verifyArc(): Promise<ArcResult> {
    const found = await verifyArc(await this.#message(), this.#setup);
    this.#tell('arc', found.result);
    return found;
  }

  #tell(method: string, result: string): void {
    this.#log.emit('sender-checked', { method, result });
  }

  /** Results are kept, the message is not. */
  endOfHook(): void {
    this.#received = undefined;
  }

  cancel(): void {
    this.#until.giveUp();
  }

  #message(): Maybe<ReceivedMessage> {
    this.#received ??= this.#take();
    return this.#received;
  }
}

interface Parts {
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly cache: KeyCache;
}

const tooLate = 'it judges the message as it was received: ask first in hook.dot';

export class Verifiers {
  readonly #parts: Parts;
  readonly #slot: Slot<{ current: Verification | undefined }> = {
    name: 'mail-auth',
    create: () => ({ current: undefined }),
    endOfHook: ({ current }) => current?.endOfHook(),
    dispose: ({ current }) => current?.cancel(),
  };

  constructor(clock: Clock, resolver: Resolver) {
    this.#parts = { clock, resolver, cache: new KeyCache() };
  }

  dkim(
    context: CallContext,
    give: (results: readonly DkimResult[]) => LuaValue,
  ): LuaResults | Suspension | undefined {
    return this.#found(context, 'dkim.verify', (verification) => chain(verification.dkim(), give));
  }

  /** The same for another module: what can still be found out. Nothing outside a transaction, and before the dot. */
  signatures(context: CallContext): { readonly results: Maybe<readonly DkimResult[]>; cancel(): void } {
    const transaction = sessionOf(context)?.transaction;
    const held = context.slot(this.#slot);
    if (transaction === undefined || (held.current?.id !== transaction.id && !transaction.atDot))
      return { results: [], cancel: () => undefined };
    const { verification, cancel } = this.#verification(context, transaction);
    return { results: verification.dkim(), cancel };
  }

  /** The chain for who records it: begun now, and not to be rejected unheard. `cancel`: nobody waits for it any more. */
  chain(
    context: CallContext,
    transaction: TransactionView,
  ): { readonly result: Promise<ArcResult>; cancel(): void } {
    const { verification, cancel } = this.#verification(context, transaction);
    const result = verification.arc();
    result.catch(() => undefined);
    return { result, cancel };
  }

  arc(context: CallContext, give: (result: ArcResult) => LuaValue): LuaResults | Suspension | undefined {
    return this.#found(context, 'arc.verify', (verification) => verification.arc().then(give));
  }

  /** Undefined outside a transaction: nothing is there to be verified. */
  #found(
    context: CallContext,
    name: string,
    ask: (verification: Verification) => Maybe<LuaValue>,
  ): LuaResults | Suspension | undefined {
    const session = sessionOf(context);
    if (session === undefined) throw new LuaError('a message exists only while a client is served');
    const { transaction } = session;
    if (transaction === undefined) return undefined;
    const { verification, cancel } = this.#verification(context, transaction);
    const found = ask(verification);
    if (!(found instanceof Promise)) return [found];
    return {
      kind: 'suspension',
      describe: () => `${name} (keys)`,
      done: found.then((value) => [value]),
      cancel,
    };
  }

  #verification(
    context: CallContext,
    transaction: TransactionView,
  ): { readonly verification: Verification; readonly cancel: () => void } {
    const held = context.slot(this.#slot);
    if (held.current?.id !== transaction.id) {
      if (!transaction.atDot) throw new LuaError(tooLate);
      held.current?.cancel();
      held.current = new Verification(this.#parts, context, transaction);
    }
    const verification = held.current;
    const cancel = (): void => {
      verification.cancel();
      if (held.current === verification) held.current = undefined;
    };
    return { verification, cancel };
  }
}
