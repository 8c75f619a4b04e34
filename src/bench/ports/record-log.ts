// A log that keeps its lines, and on demand the events that they were made from, for tests that assert what was said.
import { eventTable } from '../../base/event-table/event-table.ts';
import { EventBus, type EventFields, type EventName } from '../../base/events.ts';
import type { Level, Log, LogFields, VerboseWord } from '../../base/log.ts';
import { writeEvents } from '../../observe/event-log.ts';
import { RecordEvents } from '../../observe/record-events.ts';

export interface LogLine {
  readonly level: Level;
  readonly message: string;
  readonly fields: LogFields;
}

/** What all children share. */
interface Kept {
  readonly lines: LogLine[];
  readonly bus: EventBus;
  events: RecordEvents | undefined;
  readonly verbose: ReadonlySet<VerboseWord>;
}

const fault = (name: EventName, error: unknown): never => {
  throw new Error(`a listener to ${name} has thrown`, { cause: error });
};
/** What writes lines keeps nothing itself: it is the same for all logs. */
const writing = new EventBus(fault);
writeEvents(writing);

function keep(verbose: readonly VerboseWord[]): Kept {
  return { lines: [], bus: new EventBus(fault, writing), events: undefined, verbose: new Set(verbose) };
}

export class RecordLog implements Log {
  readonly about: LogFields;
  readonly #kept: Kept;

  constructor(verbose: readonly VerboseWord[] = [], kept: Kept = keep(verbose), about: LogFields = {}) {
    this.#kept = kept;
    this.about = about;
  }

  get lines(): LogLine[] {
    return this.#kept.lines;
  }

  /** What is told from the first time on that this is asked for, in order. */
  get events(): RecordEvents {
    this.#kept.events ??= new RecordEvents(this.bus);
    return this.#kept.events;
  }

  get bus(): EventBus {
    return this.#kept.bus;
  }

  /** Throws when the fields are not in the order of the table, in which the log line has them. */
  emit<N extends EventName>(name: N, fields: EventFields<N>): void {
    const given = Object.keys(fields);
    const order = Object.keys(eventTable[name].fields).filter((field) => given.includes(field));
    if (order.join() !== given.join()) throw new Error(`the fields of ${name} are ${given}, not ${order}`);
    this.bus.emit(name, fields, this);
  }

  wants(name: EventName): boolean {
    return this.bus.wants(name, this);
  }

  write(level: Level, message: string, fields: LogFields = {}): void {
    this.#kept.lines.push({ level, message, fields: { ...this.about, ...fields } });
  }

  shows(): boolean {
    return true;
  }

  verbose(word: VerboseWord): boolean {
    return this.#kept.verbose.has(word);
  }

  child(fields: LogFields): Log {
    return new RecordLog([], this.#kept, { ...this.about, ...fields });
  }

  /** `level message` of each line, for short comparisons. */
  get short(): readonly string[] {
    return this.lines.map((line) => `${line.level} ${line.message}`);
  }
}
