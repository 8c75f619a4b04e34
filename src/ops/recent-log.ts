// A log that keeps its last lines besides, as scripts for Rumble read them (Rumble.getLog). Only where somebody may ask is it put in front of the other.
import type { Clock } from '../base/clock.ts';
import type { EventBus, EventFields, EventName } from '../base/events.ts';
import type { Level, Log, LogFields, VerboseWord } from '../base/log.ts';

export interface RecentLine {
  /** Milliseconds since the Epoch. */
  readonly time: number;
  readonly message: string;
  readonly fields: LogFields;
  /** Of whoever it is from: the id of a session. */
  readonly about: LogFields;
}

/** The last lines of a process. */
export class RecentLines {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #most: number;
  readonly #lines: RecentLine[] = [];
  #next = 0;

  constructor(clock: Pick<Clock, 'now'>, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  add(message: string, fields: LogFields, about: LogFields): void {
    this.#lines[this.#next % this.#most] = { time: this.#clock.now(), message, fields, about };
    this.#next++;
  }

  /** The newest first. */
  get newest(): readonly RecentLine[] {
    const at = this.#next % this.#most;
    return [...this.#lines.slice(at), ...this.#lines.slice(0, at)].reverse();
  }
}

const NOTHING: LogFields = {};

export class RecentLog implements Log {
  readonly bus: EventBus;
  readonly about: LogFields;
  readonly #inner: Log;
  readonly #recent: RecentLines;

  constructor(inner: Log, recent: RecentLines) {
    this.bus = inner.bus;
    this.about = inner.about;
    this.#inner = inner;
    this.#recent = recent;
  }

  emit<N extends EventName>(name: N, fields: EventFields<N>): void {
    this.bus.emit(name, fields, this);
  }

  wants(name: EventName): boolean {
    return this.bus.wants(name, this);
  }

  write(level: Level, message: string, fields: LogFields = NOTHING): void {
    if (this.#inner.shows(level)) this.#recent.add(message, fields, this.about);
    this.#inner.write(level, message, fields);
  }

  shows(level: Level): boolean {
    return this.#inner.shows(level);
  }

  verbose(word: VerboseWord): boolean {
    return this.#inner.verbose(word);
  }

  child(fields: LogFields): Log {
    return new RecentLog(this.#inner.child(fields), this.#recent);
  }
}
