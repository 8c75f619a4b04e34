// Keys of the embedded store by what they begin with, looked for in several turns of the loop: most of what is looked at may have expired.
import type { Failed, ListOutcome } from '../store.ts';
import type { Table } from './environment.ts';
import type { Entry } from './record.ts';

/** Keys that are looked at for one list. */
const LOOKED_AT = 20_000;
/** Of them in one turn of the loop, and octets of their entries, which are read for it. */
export const LISTED_IN_TURN = 250;
const TURN_OCTETS = 262_144;

/** The least key that is greater. */
export const behind = (key: Buffer): Buffer => Buffer.concat([key, Buffer.from([0])]);

export class Listing {
  readonly #values: Table;
  readonly #find: (key: Buffer) => Entry | Failed | undefined;
  readonly #prefix: Buffer;
  readonly #wanted: number;
  readonly #keys: Buffer[] = [];
  /** Where it goes on. */
  #start: Buffer;
  #looked = 0;

  /** `find` gives an entry that is alive. */
  constructor(
    values: Table,
    find: (key: Buffer) => Entry | Failed | undefined,
    prefix: Buffer,
    wanted: number,
  ) {
    this.#values = values;
    this.#find = find;
    this.#prefix = prefix;
    this.#wanted = wanted;
    this.#start = prefix.length === 0 ? Buffer.from([0]) : prefix;
  }

  /** Looks at some more; undefined when it has not come to its end. Throws when the system does not let it read. */
  turn(): ListOutcome | undefined {
    const some = this.#values.keys({ start: this.#start, limit: LISTED_IN_TURN });
    let octets = 0;
    for (const key of some) {
      const isOver = this.#keys.length >= this.#wanted || this.#looked >= LOOKED_AT;
      if (isOver || !key.subarray(0, this.#prefix.length).equals(this.#prefix)) return this.#done();
      if (octets > TURN_OCTETS) return undefined;
      const entry = this.#find(key);
      if (entry !== undefined && 'kind' in entry) return entry;
      if (entry !== undefined) this.#keys.push(key);
      octets += entry?.value?.length ?? 0;
      this.#start = behind(key);
      this.#looked++;
    }
    return some.length < LISTED_IN_TURN ? this.#done() : undefined;
  }

  #done(): ListOutcome {
    return { kind: 'keys', keys: this.#keys };
  }
}
