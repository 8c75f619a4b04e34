// The log that a policy writes to: its lines carry the transaction id while there is a transaction, else the session id. Secrets of
// AUTH never get into a log line.
import type { EventBus, EventFields, EventName } from '../../base/events.ts';
import type { Level, Log, LogFields, VerboseWord } from '../../base/log.ts';
import { isBlank } from '../protocol/blanks.ts';

export class PolicyLog implements Log {
  readonly #base: Log;
  readonly #id: () => string;

  /** `id`: asked for each line. */
  constructor(base: Log, id: () => string) {
    this.#base = base;
    this.#id = id;
  }

  get bus(): EventBus {
    return this.#base.bus;
  }

  get about(): LogFields {
    return { ...this.#base.about, id: this.#id() };
  }

  emit<N extends EventName>(name: N, fields: EventFields<N>): void {
    this.#base.bus.emit(name, fields, this);
  }

  wants(name: EventName): boolean {
    return this.#base.bus.wants(name, this);
  }

  write(level: Level, message: string, fields?: LogFields): void {
    this.#base.write(level, message, { id: this.#id(), ...fields });
  }

  shows(level: Level): boolean {
    return this.#base.shows(level);
  }

  verbose(word: VerboseWord): boolean {
    return this.#base.verbose(word);
  }

  child(fields: LogFields): Log {
    return new PolicyLog(this.#base.child(fields), this.#id);
  }
}

/** Stands in the log for AUTH with what follows it, and for the answers in its dialogue. */
export const AUTH_COMMAND = 'AUTH ...';

/** A command line for the log: whatever looks like AUTH is hidden, also when it is not written as it must be. */
export function loggable(input: string): string {
  let at = 0;
  while (isBlank(input.charCodeAt(at))) at++;
  // Asked about every command: most are told apart by their first letter.
  return (input.charCodeAt(at) | LOWER) === LETTER_A && /^AUTH/i.test(input.slice(at, at + 4))
    ? AUTH_COMMAND
    : input;
}

const LETTER_A = 0x61;
/** What makes a letter of ASCII a small one. */
const LOWER = 0x20;
