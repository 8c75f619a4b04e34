// Log lines from events: each event of the table that has a line is written by whoever reports it, with the text and the level of its row.
// Fields that are not in the text follow it in the order in which they were given, which is that of the table.
import { traceOf } from '../base/errors.ts';
import type { EventSpec } from '../base/event-table/event-spec.ts';
import { eventNames, eventTable } from '../base/event-table/event-table.ts';
import {
  type Condition,
  EventBus,
  type EventFields,
  type EventName,
  type EveryListener,
} from '../base/events.ts';
import type { Level, Log, LogFields, LogWriter, VerboseWord } from '../base/log.ts';

/** A log over a writer of lines, whose facts go on a bus. All children share the bus. */
class EventLog implements Log {
  readonly bus: EventBus;
  readonly about: LogFields;
  readonly #writer: LogWriter;

  constructor(bus: EventBus, writer: LogWriter, about: LogFields = {}) {
    this.bus = bus;
    this.about = about;
    this.#writer = writer;
  }

  emit<N extends EventName>(name: N, fields: EventFields<N>): void {
    this.bus.emit(name, fields, this);
  }

  wants(name: EventName): boolean {
    return this.bus.wants(name, this);
  }

  write(level: Level, message: string, fields?: LogFields): void {
    this.#writer.write(level, message, fields);
  }

  shows(level: Level): boolean {
    return this.#writer.shows(level);
  }

  verbose(word: VerboseWord): boolean {
    return this.#writer.verbose(word);
  }

  child(fields: LogFields): Log {
    // Object.assign: spreading two objects takes Node 20 fifty times as long.
    return new EventLog(this.bus, this.#writer.child(fields), Object.assign({}, this.about, fields));
  }
}

/** The log of a process: a bus of its own, and the lines that are made from its events. */
export function openEventLog(writer: LogWriter): Log {
  const bus = new EventBus((name, error, source) => {
    const cause = traceOf(error);
    source.write('crit', 'bug in a listener to events', { event: name, cause });
  });
  writeEvents(bus);
  return new EventLog(bus, writer);
}

/** Writes the lines of the events on this bus. An event that no level shows has no listener here, so that it need not be built. */
export function writeEvents(bus: EventBus): void {
  for (const name of eventNames) {
    const spec: EventSpec = eventTable[name];
    const { level, verbose } = spec;
    if (level === 'none') continue;
    bus.on(name, lineWriter(spec, level), verbose === undefined ? shown(level) : shownBy(verbose, level));
  }
}

const shown =
  (level: Level): Condition =>
  (source) =>
    source.shows(level);

/** Asked at every command. The level comes first: it says no where no word is on, and one question is enough then. */
function shownBy(words: readonly VerboseWord[], level: Level): Condition {
  return (source) => {
    if (!source.shows(level)) return false;
    for (let i = 0; i < words.length; i++) {
      const word = words[i];
      if (word !== undefined && source.verbose(word)) return true;
    }
    return false;
  };
}

/** Writes the line of one event. Most fields are handed on as they are: a line is not worth a copy of them. */
function lineWriter({ fields, text }: EventSpec, level: Level): EveryListener {
  // Texts and, at odd places, names of fields.
  const parts = text.split(/\{(\w+)\}/);
  const inText = parts.filter((_, i) => i % 2 === 1);
  const kept = Object.keys(fields).filter((name) => fields[name]?.twice === true || !inText.includes(name));
  const trimmed = kept.filter((name) => fields[name]?.type === 'lines');
  if (inText.length === 0 && trimmed.length === 0) return (given, source) => source.write(level, text, given);
  return (given, source) => {
    let message = '';
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] ?? '';
      message += i % 2 === 0 ? part : String(given[part] ?? '');
    }
    if (kept.length === 0) {
      source.write(level, message);
      return;
    }
    const shown: Record<string, LogFields[string]> = {};
    for (const name of kept) shown[name] = given[name];
    for (const name of trimmed) shown[name] = String(given[name]).trimEnd();
    source.write(level, message, shown);
  };
}
