// What one caller of GET /trace sees: asks all processes that serve for the next entries of the sessions that he follows, and writes them as lines.
// He is never waited for: while he does not read nothing is asked for, the rings of the processes (observe/trace) lose what they cannot hold, and
// he is told how much that was. A process that dies ends its sessions for him; one that begins later is asked like the others.
import type { Clock, Timer } from '../base/clock.ts';
import type { TraceEntry } from '../observe/trace/entry.ts';
import { Ladder } from '../observe/trace/ladder.ts';
import type { TraceGiven } from '../observe/trace/tracer.ts';
import type { TraceWish } from '../observe/trace/wish.ts';
import type { Desk } from '../ops/desk.ts';
import { asciiJson, printable } from '../text/printable.ts';
import type { Fleet } from './fleet.ts';
import type { Reader, Stream } from './stream.ts';

/** How often processes are asked. */
const ASK_MS = 100;
/** Octets of one answer of a process. */
const MOST = 128 * 1024;

export interface TraceStyle {
  readonly format: 'json' | 'text';
  /** The first session that says something, and no other one; the stream ends with it. */
  readonly one: boolean;
  /** In text: the beginning of each message too. */
  readonly content: boolean;
}

interface Served {
  readonly desk: Desk;
  at: number;
}

export class TraceFeed {
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  /** By which processes know him. */
  readonly #name: string;
  readonly #wish: TraceWish;
  readonly #style: TraceStyle;
  readonly #ladder: Ladder;
  /** The number of the last answer of each process. */
  readonly #have = new Map<Desk, number>();
  /** Those that have not answered yet. */
  readonly #asked = new Set<Desk>();
  readonly #silent = new Set<number>();
  /** Sessions that are shown and not over. */
  readonly #sessions = new Map<string, Served>();
  #only: string | undefined;
  /** With `one`: of sessions that have not said anything. */
  #before = new Map<string, TraceEntry>();
  /** Lines that the reader has not taken. */
  #waiting = '';
  #timer: Timer | undefined;
  #over = false;

  constructor(
    { clock, fleet, name }: { readonly clock: Clock; readonly fleet: Fleet; readonly name: string },
    wish: TraceWish,
    style: TraceStyle,
  ) {
    this.#fleet = fleet;
    this.#clock = clock;
    this.#name = name;
    this.#wish = wish;
    this.#style = style;
    this.#ladder = new Ladder({ content: style.content, ids: !style.one && wish.id === undefined });
  }

  /** What a route gives. */
  get stream(): Stream {
    const type = this.#style.format === 'json' ? 'application/x-ndjson' : 'text/plain; charset=utf-8';
    return { type, beat: '\n', begin: (reader) => this.#begin(reader) };
  }

  #begin(reader: Reader): () => void {
    this.#round(reader);
    return () => {
      this.#over = true;
      this.#timer?.cancel();
      void this.#fleet.ask({ kind: 'trace-end', reader: this.#name }, 'done');
    };
  }

  /** Each process has a question of its own: one that stands still keeps nobody from showing what the others do. */
  #round(reader: Reader): void {
    for (const desk of this.#fleet.desks) if (!this.#asked.has(desk)) void this.#ask(desk, reader);
    this.#lookForGone();
    this.#flush(reader);
    if (this.#over) return;
    this.#timer = this.#clock.after(ASK_MS, () => this.#round(reader));
  }

  async #ask(desk: Desk, reader: Reader): Promise<void> {
    const have = this.#have.get(desk) ?? 0;
    const most = this.#waiting === '' ? MOST : 0;
    const only = this.#only === undefined ? {} : { only: this.#only };
    const asked = { kind: 'trace', reader: this.#name, wish: this.#wish, have, most, ...only } as const;
    this.#asked.add(desk);
    const answer = await this.#fleet.askOne(desk, asked, 'trace');
    this.#asked.delete(desk);
    if (this.#over) return;
    if (typeof answer === 'string') this.#silence(desk.pid, answer);
    else this.#take(answer, desk, have);
    this.#flush(reader);
  }

  #take({ entries, missed, number }: TraceGiven, desk: Desk, have: number): void {
    this.#silent.delete(desk.pid);
    // What it has begun before its end is told by who looks for those that have gone.
    if (number === have || !this.#fleet.desks.includes(desk)) return;
    this.#have.set(desk, number);
    for (const entry of entries) this.#entry(entry, desk);
    if (missed > 0 && this.#only === undefined)
      this.#note(`${missed} more sessions: there is no place to follow so many at once`);
  }

  /** What the reader takes; the end when there will be nothing more. */
  #flush(reader: Reader): void {
    if (this.#over) return;
    if (this.#waiting !== '' && reader.write(this.#waiting)) this.#waiting = '';
    if (!this.#isDone || this.#waiting !== '') return;
    this.#over = true;
    this.#timer?.cancel();
    reader.end();
  }

  #entry(entry: TraceEntry, desk: Desk): void {
    const { session } = entry;
    if (this.#style.one && this.#only === undefined) {
      if (entry.kind === 'joined') {
        this.#before.set(session, entry);
        return;
      }
      this.#only = session;
      const before = this.#before.get(session);
      if (before !== undefined) this.#show(before, desk);
      this.#before.clear();
    }
    if (this.#only === undefined || this.#only === session) this.#show(entry, desk);
  }

  #show(entry: TraceEntry, desk: Desk): void {
    if (entry.kind === 'end') this.#sessions.delete(entry.session);
    else this.#sessions.set(entry.session, { desk, at: entry.at });
    this.#line(this.#style.format === 'json' ? [asciiJson(entry)] : this.#ladder.lines(entry));
  }

  get #isDone(): boolean {
    return this.#only !== undefined && !this.#sessions.has(this.#only);
  }

  /** A process that has gone takes its sessions with it. */
  #lookForGone(): void {
    const present = new Set(this.#fleet.desks);
    for (const desk of this.#have.keys()) if (!present.has(desk)) this.#have.delete(desk);
    for (const [session, { at, desk }] of this.#sessions) {
      if (present.has(desk)) continue;
      const cause = `process ${desk.pid}, which served it, has gone`;
      this.#show({ kind: 'end', cause, total: at, totals: {}, session, at }, desk);
    }
  }

  #silence(pid: number, cause: string): void {
    if (this.#silent.has(pid)) return;
    this.#silent.add(pid);
    this.#note(`process ${pid}: ${cause}: its sessions are not shown meanwhile`);
  }

  #note(text: string): void {
    this.#line([this.#style.format === 'json' ? asciiJson({ kind: 'note', text }) : `(${printable(text)})`]);
  }

  #line(lines: readonly string[]): void {
    for (const line of lines) this.#waiting += `${line}\n`;
  }
}
