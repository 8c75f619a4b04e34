// What happened in a case, in order: the dialogue, the hooks with their arguments and results, what the policy waited for and was answered. A
// failure shows the end of it.

export type TrailKind = 'client' | 'server' | 'hook' | 'wait' | 'hop' | 'clock' | 'log';

export interface TrailEntry {
  readonly kind: TrailKind;
  /** Of the clock of the case, milliseconds since it began. */
  readonly at: number;
  /** `policy.lua:41`: the line of the policy that ran last; undefined where none did. */
  readonly place: string | undefined;
  readonly text: string;
}

/** More is no help to anybody. */
const MOST_ENTRIES = 2000;
const MOST_SHOWN = 40;
const LONGEST_TEXT = 400;

/** Octets (latin1) for people: in UTF-8 where they are that, without control characters. */
export function shown(text: string): string {
  const utf8 = Buffer.from(text, 'latin1').toString('utf8');
  const readable = utf8.includes('\ufffd') ? text : utf8;
  const plain = readable.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, (one) =>
    one === '\n'
      ? '\\n'
      : one === '\r'
        ? '\\r'
        : one === '\t'
          ? '\\t'
          : `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return plain.length > LONGEST_TEXT
    ? `${plain.slice(0, LONGEST_TEXT)}...(+${plain.length - LONGEST_TEXT})`
    : plain;
}

export class Trail {
  readonly entries: TrailEntry[] = [];
  readonly #now: () => number;
  readonly #start: number;
  readonly #place: () => string | undefined;

  /** `now`: milliseconds; `place`: the line of the policy that ran last. */
  constructor(now: () => number, place: () => string | undefined) {
    this.#now = now;
    this.#start = now();
    this.#place = place;
  }

  /** `place` is asked for where Lua of the policy is what did it. */
  add(kind: TrailKind, text: string, hasPlace = false): void {
    if (this.entries.length >= MOST_ENTRIES) return;
    const place = hasPlace ? this.#place() : undefined;
    this.entries.push({ kind, at: this.#now() - this.#start, place, text: shown(text) });
  }

  /** What happened since the client has last said something, that included: at most so many lines, the last ones. */
  get sinceLastCommand(): readonly TrailEntry[] {
    const last = this.entries.findLastIndex(({ kind }) => kind === 'client');
    return this.entries.slice(Math.max(last, 0)).slice(-MOST_SHOWN);
  }
}
