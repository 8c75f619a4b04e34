// One reader's look at sessions of this process: a ring for each, from which the reader takes entries when he can. Sessions that may yet turn out
// to be meant (by sender or recipient) have a small ring until they do: nothing of them is given before.
import type { TraceEntry } from './entry.ts';
import { Ring } from './ring.ts';
import { type TraceWish, WishFilter, WishMatch } from './wish.ts';

export interface TraceBounds {
  /** Sessions that are shown at once, of all readers. */
  readonly sessions: number;
  /** Octets for each. */
  readonly octets: number;
  /** Sessions that may yet be meant. */
  readonly candidates: number;
  /** Octets for each of those. */
  readonly candidateOctets: number;
}

export const traceBounds: TraceBounds = {
  sessions: 100,
  octets: 1024 * 1024,
  candidates: 1000,
  candidateOctets: 16 * 1024,
};

/** Places that all readers of a process share. */
export interface Places {
  shown: number;
  candidates: number;
}

interface Followed {
  readonly ring: Ring;
  readonly match: WishMatch;
  shown: boolean;
  over: boolean;
}

export class Following {
  readonly #wish: TraceWish;
  readonly #filter: WishFilter;
  readonly #bounds: TraceBounds;
  readonly #places: Places;
  readonly #sessions = new Map<string, Followed>();
  /** The reader wants no other one than this. */
  #only: string | undefined;
  #missed = 0;

  constructor(wish: TraceWish, bounds: TraceBounds, places: Places) {
    this.#wish = wish;
    this.#filter = new WishFilter(wish);
    this.#bounds = bounds;
    this.#places = places;
  }

  get fresh(): boolean {
    return this.#wish.fresh;
  }

  /** False: it is none for this reader, or there is no place for it. */
  takes(session: string, client: string): boolean {
    if (this.#only !== undefined || !this.#filter.takes(session, client)) return false;
    const match = new WishMatch(this.#wish);
    const { candidates, octets, candidateOctets, sessions } = this.#bounds;
    const full = match.found ? this.#places.shown >= sessions : this.#places.candidates >= candidates;
    if (full) {
      this.#missed++;
      return false;
    }
    this.#places[match.found ? 'shown' : 'candidates']++;
    const ring = new Ring(match.found ? octets : candidateOctets);
    this.#sessions.set(session, { ring, match, shown: match.found, over: false });
    return true;
  }

  follows(session: string): boolean {
    return this.#sessions.get(session)?.over === false;
  }

  push(entry: TraceEntry): void {
    const followed = this.#sessions.get(entry.session);
    if (followed === undefined || followed.over) return;
    followed.ring.push(entry);
    if (!followed.shown && entry.kind === 'client' && followed.match.line(entry.line))
      this.#show(entry.session, followed);
  }

  #show(session: string, followed: Followed): void {
    this.#places.candidates--;
    if (this.#places.shown >= this.#bounds.sessions) {
      this.#missed++;
      this.#sessions.delete(session);
      return;
    }
    this.#places.shown++;
    followed.shown = true;
    followed.ring.most = this.#bounds.octets;
  }

  /** No more entries of this session. */
  over(session: string): void {
    const followed = this.#sessions.get(session);
    if (followed === undefined) return;
    followed.over = true;
    if (!followed.shown || followed.ring.isEmpty) this.#leave(session, followed);
  }

  /** What there is, of all sessions, up to so many octets. */
  take(octets: number): readonly TraceEntry[] {
    const taken: TraceEntry[] = [];
    let left = octets;
    for (const [session, followed] of this.#sessions) {
      if (!followed.shown) continue;
      const { entries, weight } = followed.ring.take(left);
      taken.push(...entries);
      left -= weight;
      if (followed.over && followed.ring.isEmpty) this.#leave(session, followed);
    }
    return taken;
  }

  /** Sessions that would have been shown, had there been a place, since the last call. */
  missed(): number {
    const count = this.#missed;
    this.#missed = 0;
    return count;
  }

  /** The reader has chosen one: the others are of no interest. */
  narrow(session: string): void {
    if (this.#only === session) return;
    this.#only = session;
    for (const [other, followed] of this.#sessions) if (other !== session) this.#leave(other, followed);
  }

  end(): void {
    for (const [session, followed] of this.#sessions) this.#leave(session, followed);
  }

  #leave(session: string, { shown }: Followed): void {
    this.#sessions.delete(session);
    this.#places[shown ? 'shown' : 'candidates']--;
  }
}
