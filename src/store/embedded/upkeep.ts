// What has to be done in the embedded store when nobody asks: what has expired goes, what is more than may be there goes, and a store whose tally
// was damaged is counted. In slices, each of them within a transaction.
import type { Entries } from './entries.ts';
import { readSetNumber, setNumber } from './entries.ts';
import type { Environment } from './environment.ts';
import { expiryRange, readExpiryKey } from './record.ts';
import type { Tally } from './tally.ts';

const MARK = Buffer.from([0]);

export class Upkeep {
  readonly #environment: Environment;
  readonly #entries: Entries;

  constructor(environment: Environment, entries: Entries) {
    this.#environment = environment;
    this.#entries = entries;
  }

  /** Is there anything to sweep, to count or to throw out? Reads only. */
  isDue(tally: Tally | undefined, now: number): boolean {
    const { expiry, garbage } = this.#environment;
    if (garbage.keys({ start: MARK, limit: 1 }).length > 0) return true;
    if (
      tally !== undefined &&
      (tally.countedTo !== undefined || this.#entries.room.tooMany(tally, 'short') !== undefined)
    )
      return true;
    return (['short', 'long'] as const).some((its) => {
      const [row] = expiry.keys({ ...expiryRange(its), limit: 1 });
      return row !== undefined && readExpiryKey(row).expiry <= now;
    });
  }

  /** A slice of whatever is to be done: at most `most` entries, while `goesOn`. False: nothing is left. */
  slice(tally: Tally, now: number, most: number, goesOn: () => boolean): boolean {
    return (
      this.#sweep(tally, now, most, goesOn) > 0 ||
      this.#recount(tally, most, goesOn) > 0 ||
      this.#entries.room.trim(tally, now)
    );
  }

  /** Removes at most `most` of what has expired, and items of removed sets, while `goesOn`; gives how many. */
  #sweep(tally: Tally, now: number, most: number, goesOn: () => boolean): number {
    const { expiry, garbage, sets } = this.#environment;
    let gone = 0;
    for (const its of ['short', 'long'] as const) {
      const rows = expiry.keys({ ...expiryRange(its), limit: most });
      for (const row of rows) {
        if (gone >= most || readExpiryKey(row).expiry > now || !goesOn()) break;
        this.#entries.room.removeRow(tally, row, now);
        gone++;
      }
    }
    const [id] = gone < most ? garbage.keys({ start: MARK, limit: 1 }) : [];
    if (id === undefined) return gone;
    const end = setNumber(readSetNumber(id) + 1);
    const items = sets.keys({ start: id, end, limit: most });
    for (const item of items) {
      if (!goesOn()) return gone;
      sets.remove(item);
      gone++;
    }
    if (items.length < most) garbage.remove(id);
    return gone + 1;
  }

  /** Counts at most `most` entries more of a store whose tally was damaged, while `goesOn`; gives how many. */
  #recount(tally: Tally, most: number, goesOn: () => boolean): number {
    if (tally.countedTo === undefined) return 0;
    const { values } = this.#environment;
    const keys = values.keys({ start: Buffer.concat([tally.countedTo, MARK]), limit: most });
    let counted = 0;
    for (const key of keys) {
      if (!goesOn()) return counted;
      const found = this.#entries.look(key, 0);
      tally.countedTo = key;
      tally.isChanged = true;
      counted++;
      if (found !== undefined)
        tally.add(key, found.class, 1 + (found.set?.items ?? 0), found.cost + (found.set?.cost ?? 0));
    }
    if (keys.length < most) {
      tally.countedTo = undefined;
      tally.isChanged = true;
    }
    return counted;
  }
}
