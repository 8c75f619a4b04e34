// The log of a log-in: scripts put passwords into URLs and messages, and errors quote them. Whatever is the password of this log-in, or is made of
// it as the web has it, is three stars in every line and event.
import type { EventBus, EventFields, EventName } from '../../base/events.ts';
import type { Level, Log, LogFields, VerboseWord } from '../../base/log.ts';

/** Octets. A shorter one would make lines unreadable, and where the stars are would tell it. */
const SHORTEST = 4;
/** In lines that the script itself writes: its words must not get lost because they are somebody's bad password. */
const SHORTEST_IN_LINES = 8;
const STARS = '***';

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64').replace(/=+$/, '');
const percent = (octet: string): string =>
  `%${octet.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;

/** How a password may stand in a message, the longest first. All latin1. */
function formsOf(user: string, password: string): readonly string[] {
  const escaped = password.replace(/[^A-Za-z0-9_.~-]/g, percent);
  const forms = [
    ...[password, escaped, escaped.toLowerCase(), escaped.replaceAll('%20', '+')],
    ...[password.replace(/[\n"\\]/g, (one) => (one === '\n' ? '\\n' : `\\${one}`))],
    ...[base64(password), base64(`${user}:${password}`), base64(`\0${user}\0${password}`)],
  ];
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

/** Hides one password; the forms are made when there is the first text to look at. */
export class Hiding {
  readonly #user: string;
  readonly #password: string;
  #forms: readonly string[] | undefined;

  /** Both latin1, as the client sent them. */
  constructor(user: string, password: string) {
    this.#user = user;
    this.#password = password;
  }

  in(text: string, shortest = SHORTEST): string {
    if (this.#password.length < shortest) return text;
    this.#forms ??= formsOf(this.#user, this.#password);
    return this.#forms.reduce((shown, form) => shown.replaceAll(form, STARS), text);
  }

  inFields<T extends object>(fields: T, shortest = SHORTEST): T {
    const shown = Object.entries(fields).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === 'string' ? this.in(value, shortest) : value,
    ]);
    return Object.fromEntries(shown) as T;
  }
}

export class SecretLog implements Log {
  readonly #base: Log;
  readonly #hiding: Hiding;

  constructor(base: Log, hiding: Hiding) {
    this.#base = base;
    this.#hiding = hiding;
  }

  get bus(): EventBus {
    return this.#base.bus;
  }

  get about(): LogFields {
    return this.#base.about;
  }

  emit<N extends EventName>(name: N, fields: EventFields<N>): void {
    this.#base.emit(name, this.#hiding.inFields(fields));
  }

  wants(name: EventName): boolean {
    return this.#base.wants(name);
  }

  write(level: Level, message: string, fields?: LogFields): void {
    const shown = fields && this.#hiding.inFields(fields, SHORTEST_IN_LINES);
    this.#base.write(level, this.#hiding.in(message, SHORTEST_IN_LINES), shown);
  }

  shows(level: Level): boolean {
    return this.#base.shows(level);
  }

  verbose(word: VerboseWord): boolean {
    return this.#base.verbose(word);
  }

  child(fields: LogFields): Log {
    return new SecretLog(this.#base.child(fields), this.#hiding);
  }
}
