// What a connection waits for or has going on in the background, for its limit and for the log line when a hook is cut off.
import type { Operation } from '../../lua-api/call-context.ts';
import type { Suspension } from '../../lua-api/function-spec.ts';
import { LimitReached } from '../state/kill.ts';

export interface Wait {
  /** undefined: the policy only let others run (coroutine.yield at top level). */
  readonly suspension: Suspension | undefined;
  /** Full name of the function that suspended. */
  readonly name: string;
  /** clock.monotonic() when it did. */
  readonly since: number;
  /** Somebody was told that it began. */
  told?: boolean;
}

interface Begun {
  readonly describe: () => string;
  readonly since: number;
}

/** Operations named in a log line. */
const named = 10;

export class Operations {
  readonly #begun = new Set<Begun>();

  /** Throws LimitReached, which ends the hook, when there would be more than `limit`. */
  begin(describe: () => string, since: number, limit: number): Operation {
    if (this.#begun.size >= limit) {
      throw new LimitReached(
        'pending',
        `more than ${limit} operations pending; the next would be ${describe()}`,
      );
    }
    const begun: Begun = { describe, since };
    this.#begun.add(begun);
    return { end: () => this.#begun.delete(begun) };
  }

  get size(): number {
    return this.#begun.size;
  }

  describe(now: number): readonly string[] {
    const texts = [...this.#begun].slice(0, named).map((begun) => timed(begun.describe(), begun.since, now));
    return this.#begun.size > named ? [...texts, `${this.#begun.size - named} more`] : texts;
  }
}

function timed(what: string, since: number, now: number): string {
  return `${what} for ${((now - since) / 1000).toFixed(3)} s`;
}

/** `pending: dns.wait (A example.com) for 300.001 s; A example.com for 300.002 s` */
export function pendingText(wait: Wait, operations: Operations | undefined, now: number): string {
  const waiting = timed(wait.suspension?.describe() ?? wait.name, wait.since, now);
  return `pending: ${[waiting, ...(operations?.describe(now) ?? [])].join('; ')}`;
}
