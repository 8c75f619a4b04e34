// The bus on which facts leave: who reports one names its event and gives its fields; who listens gets them at once, in the order in which
// they began to listen. Must never: wait, keep an event, let the exception of a listener reach another one or whoever reports.
import { type EventFields, type EventName, eventNames } from './event-table/event-table.ts';
import type { Level, LogFields, VerboseWord } from './log.ts';

export type { EventFields, EventName } from './event-table/event-table.ts';

/** Who reports. */
export interface EventSource {
  /** What its log lines carry in front of their own fields: the id of a session or transaction. */
  readonly about: LogFields;
  /** False when a line of this level would not be written. */
  shows(level: Level): boolean;
  /** True when the word of option `verbose` is on. */
  verbose(word: VerboseWord): boolean;
  /** Writes a line of it to the log. */
  write(level: Level, message: string, fields?: LogFields): void;
}

/** `fields` are lent for the call only: what happens at every command is reported with the same object each time. */
export type Listener<N extends EventName> = (fields: EventFields<N>, source: EventSource, name: N) => void;

/** As a listener to several events has them. */
export type EveryListener = (fields: LogFields, source: EventSource, name: EventName) => void;

/** One listens while this is true; it is asked at each event. */
export type Condition = (source: EventSource) => boolean;

interface Subscription {
  /** A method, as its parameters are those of one event of many. */
  heard(fields: LogFields, source: EventSource, name: EventName): void;
  readonly condition: Condition | undefined;
  active: boolean;
}

/** How an event is listened to. */
const NOBODY = 0;
const PERHAPS = 1;
const ALWAYS = 2;

/** Where one event goes. For whoever reports it at every command: the bus would look it up each time. */
export interface Channel<N extends EventName> {
  /** False when nobody would listen: to be asked before something is made for the event. */
  wanted(source: EventSource): boolean;
  emit(fields: EventFields<N>, source: EventSource): void;
}

type Fault = (name: EventName, error: unknown, source: EventSource) => void;

const known: ReadonlySet<EventName> = new Set(eventNames);

class Listeners {
  readonly #name: EventName;
  readonly #fault: Fault;
  /** Replaced, not changed: whoever walks through it has it as it was. */
  #list: readonly Subscription[] = [];
  #attention = NOBODY;

  constructor(name: EventName, fault: Fault, list: readonly Subscription[] = []) {
    this.#name = name;
    this.#fault = fault;
    this.#replace(list);
  }

  get list(): readonly Subscription[] {
    return this.#list;
  }

  add(subscription: Subscription): () => void {
    this.#replace([...this.#list, subscription]);
    return () => {
      subscription.active = false;
      this.#replace(this.#list.filter((other) => other !== subscription));
    };
  }

  #replace(list: readonly Subscription[]): void {
    this.#list = list;
    const always = list.some(({ condition }) => condition === undefined);
    this.#attention = always ? ALWAYS : list.length > 0 ? PERHAPS : NOBODY;
  }

  wanted(source: EventSource): boolean {
    if (this.#attention !== PERHAPS) return this.#attention === ALWAYS;
    for (const subscription of this.#list) if (this.#listens(subscription, source)) return true;
    return false;
  }

  #listens({ active, condition }: Subscription, source: EventSource): boolean {
    if (!active || condition === undefined) return active;
    try {
      return condition(source);
    } catch (error) {
      this.#fault(this.#name, error, source);
      return false;
    }
  }

  emit(fields: LogFields, source: EventSource): void {
    const list = this.#list;
    for (let i = 0; i < list.length; i++) {
      const subscription = list[i];
      if (subscription === undefined || !this.#listens(subscription, source)) continue;
      try {
        subscription.heard(fields, source, this.#name);
      } catch (error) {
        this.#fault(this.#name, error, source);
      }
    }
  }
}

export class EventBus {
  readonly #listeners = new Map<EventName, Listeners>();
  readonly #fault: Fault;
  readonly #base: EventBus | undefined;

  /** `fault` is told of a listener that has thrown; it must not throw itself. `base`: whose listeners, as they are when an event is first used here, hear this one too. */
  constructor(fault: Fault, base?: EventBus) {
    this.#fault = fault;
    this.#base = base;
  }

  /** Listens to one event; the function that it gives ends that at once, also while an event is being told. */
  on<N extends EventName>(name: N, listener: Listener<N>, condition?: Condition): () => void {
    return this.#find(name).add({ heard: listener, condition, active: true });
  }

  /** Listens to all events. */
  onEvery(listener: EveryListener): () => void {
    const ends = eventNames.map((name) => this.on(name, listener));
    return () => {
      for (const end of ends) end();
    };
  }

  channel<N extends EventName>(name: N): Channel<N>;
  channel(name: EventName): Listeners {
    return this.#find(name);
  }

  #find(name: EventName): Listeners {
    let found = this.#listeners.get(name);
    if (found === undefined) {
      if (!known.has(name)) throw new Error(`no such event: ${name}`);
      found = new Listeners(name, this.#fault, this.#base?.listening(name));
      this.#listeners.set(name, found);
    }
    return found;
  }

  /** For a bus that is based on this one. */
  listening(name: EventName): readonly Subscription[] {
    return this.#find(name).list;
  }

  wants(name: EventName, source: EventSource): boolean {
    return this.channel(name).wanted(source);
  }

  emit<N extends EventName>(name: N, fields: EventFields<N>, source: EventSource): void {
    this.channel(name).emit(fields, source);
  }
}
