// How functions of `Mailman` come to accounts: not at all without a database, not unless the operator allows it, at once when the database is open. What
// cannot be known raises, so that no script takes it for "there is none".

import type { Outcome } from '../../accounts/account.ts';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Letters } from '../../accounts/letters.ts';
import type { AccountsPort } from '../../accounts/place.ts';
import type { Clock } from '../../base/clock.ts';
import type { Maybe } from '../../base/maybe.ts';
import type { DeliveryOutcome } from '../../delivery/port/delivery.ts';
import type { SmartHostDelivery } from '../../delivery/smart-host.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import { LuaError, type LuaResults, type Suspension } from '../../lua-api/function-spec.ts';
import type { MailService } from './mail-service.ts';
import { mustAllow, type Permission } from './permission.ts';

export interface MailmanParts {
  readonly accounts: AccountsPort;
  readonly clock: Clock;
  /** Of what a script sends, for the log. */
  readonly nextId: () => string;
  /** Whether mail goes out, and what is counted of it; undefined: it does. */
  readonly mail?: MailService;
  /** As SmartHost has it. */
  readonly forward: (delivery: SmartHostDelivery, signal: AbortSignal) => Promise<DeliveryOutcome>;
}

/** What a function is about. */
export interface Call {
  readonly accounts: Accounts;
  readonly signal: AbortSignal;
}

/** `name`: of the function, without `Mailman.`. */
export function calling(
  context: CallContext,
  { accounts }: MailmanParts,
  permission: Permission,
  name: string,
  work: (call: Call) => Maybe<LuaResults>,
): LuaResults | Suspension {
  const called = `Mailman.${name}`;
  if (!accounts.isNamed)
    throw new LuaError(`${called}: there are no accounts; name their database in option rumble-database`);
  mustAllow(context, permission, called);
  const stop = new AbortController();
  const { current } = accounts;
  const begun =
    current === undefined ? opened() : said(() => work({ accounts: current, signal: stop.signal }));
  if (!(begun instanceof Promise)) return begun;
  return { kind: 'suspension', describe: () => called, done: begun, cancel: () => stop.abort() };

  async function opened(): Promise<LuaResults> {
    const outcome = await accounts.open();
    if (outcome.kind !== 'open')
      throw new LuaError(
        `${called}: ${outcome.kind === 'refused' ? outcome.problem : 'there are no accounts'}`,
      );
    return said(() => work({ accounts: outcome.accounts, signal: stop.signal }));
  }

  /** With the name of the function. */
  function said(action: () => Maybe<LuaResults>): Maybe<LuaResults> {
    const named = (error: unknown): never => {
      throw error instanceof Unknown ? new LuaError(`${called}: ${error.message}`) : error;
    };
    try {
      const results = action();
      return results instanceof Promise ? results.catch(named) : results;
    } catch (error) {
      return named(error);
    }
  }
}

class Unknown extends Error {}

/** Raises when it cannot be known. */
export function known<T>(outcome: Outcome<T>): T {
  if (outcome.kind === 'failed') throw new Unknown(outcome.cause);
  return outcome.value;
}

/** One for each set of accounts. */
const kept = new WeakMap<Accounts, Letters>();
export async function lettersOf(accounts: Accounts): Promise<Letters> {
  const present = kept.get(accounts);
  if (present !== undefined) return present;
  // Few scripts read mail.
  const { Letters } = await import('../../accounts/letters.ts');
  const made = new Letters(accounts);
  kept.set(accounts, made);
  return made;
}
