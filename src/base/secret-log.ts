// A log in which the passwords of a session are hidden (base/hiding), in every line and event. Without one it is the log below it. What is asked while
// somebody logs in is in no recording, whenever its answer comes: what is known of him besides his password is nobody's business either.
import type { EventBus, EventFields, EventName } from './events.ts';
import type { Hiding } from './hiding.ts';
import type { Level, Log, LogFields, VerboseWord } from './log.ts';

export class SecretLog implements Log {
  readonly #base: Log;
  readonly #hiding: () => Hiding | undefined;
  readonly #isLogIn: () => boolean;

  /** `hiding`: asked for each line and event; undefined while there is nothing to hide. `isLogIn`: whether the command in hand is AUTH. */
  constructor(base: Log, hiding: () => Hiding | undefined, isLogIn: () => boolean = () => false) {
    this.#base = base;
    this.#hiding = hiding;
    this.#isLogIn = isLogIn;
  }

  get bus(): EventBus {
    return this.#base.bus;
  }

  get about(): LogFields {
    return this.#base.about;
  }

  emit<N extends EventName>(name: N, fields: EventFields<N>): void {
    this.#base.emit(name, this.#hiding()?.inFields(fields) ?? fields);
  }

  wants(name: EventName): boolean {
    if (name === 'answer-given' && this.#isLogIn()) return false;
    return this.#base.wants(name);
  }

  write(level: Level, message: string, fields?: LogFields): void {
    const hiding = this.#hiding();
    if (hiding === undefined) this.#base.write(level, message, fields);
    else this.#base.write(level, hiding.inLine(message), fields && hiding.inLineFields(fields));
  }

  shows(level: Level): boolean {
    return this.#base.shows(level);
  }

  verbose(word: VerboseWord): boolean {
    return this.#base.verbose(word);
  }

  child(fields: LogFields): Log {
    return new SecretLog(this.#base.child(fields), this.#hiding, this.#isLogIn);
  }
}
