// What a connection waits for or has going on in the background: for its limit, for the log line when a hook is cut off, and for whoever asks what it
// waits for.
import type { Operation, OperationGroup } from '../../lua-api/call-context.ts';
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

/** What is waited for, for whoever asks. */
export interface WaitsFor {
  /** The function that waits; '' while the run waits for its turn of the processor. */
  readonly function: string;
  readonly what: string;
  /** clock.monotonic() when it was begun. */
  readonly since: number;
}

interface Begun {
  group: OperationGroup | undefined;
  readonly describe: () => string;
  readonly since: number;
}

/** Operations named in a log line. */
const named = 10;

export class Operations {
  readonly #begun = new Set<Begun>();

  /** Throws LimitReached, which ends the hook, when there would be more than `limit`. */
  begin(describe: () => string, since: number, limit: number, group?: OperationGroup): Operation {
    if (this.#begun.size >= limit) {
      throw new LimitReached(
        'pending',
        `more than ${limit} operations pending; the next would be ${describe()}`,
      );
    }
    const begun: Begun = { describe, since, group };
    this.#begun.add(begun);
    return {
      end: () => this.#begun.delete(begun),
      answered: () => {
        begun.group = undefined;
      },
    };
  }

  get size(): number {
    return this.#begun.size;
  }

  of(group: OperationGroup): readonly Begun[] {
    return [...this.#begun].filter((begun) => begun.group === group);
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

/** Functions that wait for what was begun before, or that ask name servers by themselves. */
const groups: Readonly<Record<string, OperationGroup>> = {
  ...{ dns: 'dns', spf: 'dns', dkim: 'dns', dmarc: 'dns', arc: 'dns' },
  service: 'service',
};

/** What a wait is about, without how long it has lasted. */
export const waitText = ({ name, suspension }: Wait): string =>
  (suspension?.describe() ?? name).replace(/ \d+\.\d s(?=[,)])/g, '');

/** All that a run waits for: each question and each service where it waits for several, else the call that waits. */
export function pendingWaits(wait: Wait, operations: Operations | undefined): readonly WaitsFor[] {
  const name = wait.suspension === undefined ? '' : wait.name;
  const group = groups[name.split('.', 1)[0] ?? ''];
  const begun = group === undefined ? [] : (operations?.of(group) ?? []);
  if (begun.length === 0) return [{ function: name, what: waitText(wait), since: wait.since }];
  return begun.map(({ describe, since }) => ({ function: name, what: describe(), since }));
}
