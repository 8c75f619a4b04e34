// Room in the embedded store: how much there may be of each class, and what goes when there is no room. Works within transactions, in steps
// that stop nobody for long: who needs more than a step makes comes again in another transaction.
import type { Entries } from './entries.ts';
import type { Table } from './environment.ts';
import { type EntryClass, expiryKey, expiryRange, FARTHEST, readExpiryKey } from './record.ts';
import type { Tally } from './tally.ts';

/**
 * Most entries that one transaction throws out, and about how many octets of them it looks at: meanwhile this process does nothing else, and
 * nobody writes.
 */
export const OUT_IN_STEP = 64;
const OUT_OCTETS = 262_144;
/** When there is no room, it is made for the next ones too: so many, or a part of what there may be. */
const SPARE = { entries: 32, octets: 16_384, part: 32 };
/** Rows of `expiry` that are read at once. */
const ROWS = 32;

export interface RoomLimits {
  readonly entries: number;
  readonly octets: number;
}

/** What a transaction may still throw out. */
interface Step {
  entries: number;
  octets: number;
}

export class Room {
  readonly #expiry: Table;
  readonly #limits: RoomLimits;
  readonly #entries: Pick<Entries, 'look' | 'remove'>;
  readonly #onThrownOut: (entries: number) => void;

  constructor(
    expiry: Table,
    limits: RoomLimits,
    entries: Pick<Entries, 'look' | 'remove'>,
    onThrownOut: (entries: number) => void,
  ) {
    this.#expiry = expiry;
    this.#limits = limits;
    this.#entries = entries;
    this.#onThrownOut = onThrownOut;
  }

  /**
   * Makes room for so much more in a class. What expires soonest goes first: of the class itself when it has its half or is `long`, else of the
   * other one, which has more than its half.
   */
  make(
    tally: Tally,
    its: EntryClass,
    entries: number,
    octets: number,
    now: number,
  ): 'room' | 'more' | 'full' {
    // Nothing is thrown out for what would not fit into an empty store.
    if (octets > this.#limits.octets / (its === 'short' ? 2 : 1)) return 'full';
    const lacks = (): EntryClass | undefined => this.tooMany(tally, its, entries, octets);
    if (lacks() === undefined) return 'room';
    const spare = (of: 'entries' | 'octets'): number =>
      Math.min(SPARE[of], Math.floor(this.#limits[of] / SPARE.part));
    const [moreEntries, moreOctets] = [entries + spare('entries'), octets + spare('octets')];
    const isDone = this.#throwOut(tally, now, () => this.tooMany(tally, its, moreEntries, moreOctets));
    if (lacks() === undefined) return 'room';
    return isDone ? 'full' : 'more';
  }

  /** The class of which something must go before a class may have so much more; undefined: there is room. */
  tooMany(tally: Tally, its: EntryClass, entries = 0, octets = 0): EntryClass | undefined {
    const { entries: most, octets: mostOctets } = this.#limits;
    const hasHalf =
      its === 'short' &&
      (tally.entriesOf('short') + entries > most / 2 || tally.octetsOf('short') + octets > mostOctets / 2);
    if (hasHalf) return 'short';
    return tally.entries + entries > most || tally.octets + octets > mostOctets ? 'long' : undefined;
  }

  /** Throws out, at most a step, of the class that `lacks` names until it names none; false when the step was not enough. */
  #throwOut(tally: Tally, now: number, lacks: () => EntryClass | undefined): boolean {
    const step: Step = { entries: OUT_IN_STEP, octets: OUT_OCTETS };
    let alive = 0;
    let victims = lacks();
    while (victims !== undefined && step.entries > 0 && step.octets > 0) {
      const rows = this.#firstToGo(victims, now, Math.min(ROWS, step.entries));
      // Counted, and not there: of damaged entries less was known than they had.
      if (rows.length === 0 && tally.entriesOf(victims) > 0) tally.countAnew();
      else if (rows.length === 0) break;
      for (const row of rows) {
        if (lacks() !== victims || step.octets <= 0) break;
        step.entries--;
        alive += this.removeRow(tally, row, now, step) ? 1 : 0;
      }
      victims = lacks();
    }
    if (alive > 0) this.#onThrownOut(alive);
    return step.entries > 0 && step.octets > 0;
  }

  /** Rows of what expires soonest; before them of what has a time that no clock can have meant. */
  #firstToGo(its: EntryClass, now: number, limit: number): readonly Buffer[] {
    const { start, end } = expiryRange(its);
    const isFar = (row: Buffer): boolean => readExpiryKey(row).expiry > now + FARTHEST;
    const back = { start: end, end: start, isBackward: true };
    const [last] = this.#expiry.keys({ ...back, limit: 1 });
    if (last === undefined || !isFar(last)) return this.#expiry.keys({ start, end, limit });
    return this.#expiry.keys({ ...back, limit }).filter(isFar);
  }

  /** Throws out a step of what is more than may be there, since the limits were made smaller or a count has come to its end: whether it did. */
  trim(tally: Tally, now: number): boolean {
    const lacks = (): EntryClass | undefined => this.tooMany(tally, 'short');
    if (lacks() === undefined) return false;
    this.#throwOut(tally, now, lacks);
    return true;
  }

  /** Removes what a row of `expiry` stands for, and the row. True when what went with it had time left. */
  removeRow(tally: Tally, row: Buffer, now: number, step?: Step): boolean {
    const { expiry, key } = readExpiryKey(row);
    const found = this.#entries.look(key, now);
    if (step !== undefined) step.octets -= found?.cost ?? 0;
    const isItsOwn = found !== undefined && found.expiry === expiry && expiryKey(found, key).equals(row);
    if (isItsOwn || found?.expiry === -1) this.#entries.remove(tally, key, found);
    // Of an entry that has moved on, or was damaged.
    this.#expiry.remove(row);
    return isItsOwn && found.entry !== undefined;
  }
}
