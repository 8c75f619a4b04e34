// Whether new connections are taken at all, apart from how many and how fast: closed by order of the operator, or because this process has more to
// do than it can.
import type { TurnedAway } from './listener-row.ts';

export class Gate {
  /** By order. */
  draining = false;
  /** What there is too much of, or too little; undefined: nothing. */
  overload: string | undefined;

  /** Why a connection is turned away that has just come; undefined: it is not. */
  get closed(): Extract<TurnedAway, 'draining' | 'overloaded'> | undefined {
    if (this.draining) return 'draining';
    return this.overload === undefined ? undefined : 'overloaded';
  }
}
