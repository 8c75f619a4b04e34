// Keeps what happens on a bus, in order: for whoever asserts or shows it. Must never be left on the bus of a server, as it keeps everything.
import type { EventBus, EventName } from '../base/events.ts';
import type { LogFields } from '../base/log.ts';

export interface RecordedEvent {
  readonly name: EventName;
  readonly fields: LogFields;
  /** What the lines of whoever reported it carry: `id`. */
  readonly about: LogFields;
}

export class RecordEvents {
  readonly all: RecordedEvent[] = [];
  readonly #end: () => void;

  constructor(bus: EventBus) {
    this.#end = bus.onEvery((fields, { about }, name) => {
      this.all.push({ name, fields: { ...fields }, about });
    });
  }

  /** The names in order. */
  get names(): readonly EventName[] {
    return this.all.map(({ name }) => name);
  }

  /** The fields of each event of this name. */
  of(name: EventName): readonly LogFields[] {
    return this.all.filter((event) => event.name === name).map(({ fields }) => fields);
  }

  /** Nothing is kept any more. */
  stop(): void {
    this.#end();
  }
}
