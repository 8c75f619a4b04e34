// The SPF checks of a connection: what is asked twice in a transaction is looked up once, and what is under way is given up with its hook.
import type { Clock } from '../../base/clock.ts';
import { chain, type Maybe } from '../../base/maybe.ts';
import type { Resolver } from '../../dns/resolver-api.ts';
import type { CallContext, Slot } from '../../lua-api/call-context.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import { checkSpf, type SpfQuestion } from '../../mail-auth/spf/check.ts';
import type { SpfResult } from '../../mail-auth/spf/result.ts';
import { optionsOf } from '../../options/options.ts';
import { sessionOf } from '../../policy/session-view.ts';
import { lookUps, ResolverNames } from './names.ts';

export interface SpfCheckUnderWay {
  readonly result: Maybe<SpfResult>;
  /** Gives the look-ups up; the result is not kept. */
  cancel(): void;
}

/** Checks that are kept: those of one transaction, or of one hook outside. */
interface Kept {
  transaction: string | undefined;
  readonly checks: Map<string, SpfCheckUnderWay>;
}

/** More different ones than any policy asks for. */
const mostKept = 32;

export class SpfChecks {
  readonly #clock: Clock;
  readonly #resolver: Resolver;
  readonly #hostName: string;
  readonly #slot: Slot<Kept> = {
    name: 'spf',
    create: () => ({ transaction: undefined, checks: new Map() }),
    endOfHook: (kept) => {
      if (kept.transaction === undefined) kept.checks.clear();
    },
    dispose: ({ checks }) => {
      for (const check of checks.values()) check.cancel();
    },
  };

  constructor(parts: { readonly clock: Clock; readonly resolver: Resolver; readonly hostName: string }) {
    this.#clock = parts.clock;
    this.#resolver = parts.resolver;
    this.#hostName = parts.hostName;
  }

  /** What is not given is the client's. Throws LuaError when there is no client. */
  check(context: CallContext, asked: Partial<SpfQuestion>): SpfCheckUnderWay {
    const session = sessionOf(context);
    const ip = asked.ip ?? session?.client.address;
    if (ip === undefined) throw new LuaError('there is no client here: give the address');
    const helo = asked.helo ?? session?.client.helo ?? '';
    const sender = asked.sender ?? session?.transaction?.sender ?? '';
    const kept = context.slot(this.#slot);
    const transaction = session?.transaction?.id;
    if (kept.transaction !== transaction) {
      kept.transaction = transaction;
      kept.checks.clear();
    }
    const key = JSON.stringify([ip, helo, sender]);
    const known = kept.checks.get(key);
    if (known !== undefined) return known;
    const made = this.#start(context, { ip, helo, sender }, () => {
      if (kept.checks.get(key) === made) kept.checks.delete(key);
    });
    if (kept.checks.size >= mostKept) kept.checks.clear();
    kept.checks.set(key, made);
    return made;
  }

  #start(context: CallContext, question: SpfQuestion, forget: () => void): SpfCheckUnderWay {
    const { values } = optionsOf(context);
    const until = lookUps();
    const lookup = new ResolverNames(this.#clock, this.#resolver, {
      until,
      timeoutMs: values['spf-timeout'] * 1000,
      maxPending: values['dns-session-queries'],
    });
    const now = this.#clock.now() / 1000;
    return {
      result: chain(checkSpf(question, { lookup, receiver: this.#hostName, now }), (result) => {
        context.log.emit('sender-checked', { method: 'spf', result: result.result });
        return result;
      }),
      cancel: () => {
        forget();
        until.giveUp();
      },
    };
  }
}
