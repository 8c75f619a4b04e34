// What some callers have beyond what every caller has: the SMTP session, the options of a connection, one day the mailbox of an event. A
// typed key; whoever is asked needs to know neither the others nor their types. It never holds a value itself.

/** Values by the keys of their capabilities. Made once for each holder: looking one up is reading a property. */
export interface Capabilities {
  readonly [key: symbol]: unknown;
}

export interface Capable {
  readonly capabilities: Capabilities;
}

/** A capability and the value that a holder has for it. */
export interface Granted {
  readonly key: symbol;
  readonly value: unknown;
}

export class Capability<T> {
  readonly #key: symbol;

  /** `name` is for messages about bugs. */
  constructor(name: string) {
    this.#key = Symbol(name);
  }

  /** For `capabilities`; undefined: the holder has no such thing at present. */
  is(value: T | undefined): Granted {
    return { key: this.#key, value };
  }

  /** The holder's; undefined when it has none. */
  of(holder: Capable): T | undefined {
    return holder.capabilities[this.#key] as T | undefined;
  }

  /** The holder's; throws when it has none, which is a bug of whoever made the holder. */
  in(holder: Capable): T {
    const value = this.of(holder);
    if (value === undefined) throw new Error(`the caller has no ${this.#key.description}`);
    return value;
  }
}

/** What a holder has. The same capabilities in the same order make objects of one shape. */
export function capabilities(...granted: readonly Granted[]): Capabilities {
  const all: Record<symbol, unknown> = {};
  for (const { key, value } of granted) all[key] = value;
  return all;
}
