// Passwords in texts that others write: errors quote them, URLs and messages are made of them. Whatever is a password of this session, or is made of
// it as the web, base64 or Lua have it, is three stars. Pure but for what it has been told to hide. What an author makes of a password in ways of
// his own (a part of it, a digest) is not found.
//
// It must never show a password because it is short: a text in which one stands as a word is hidden whole, because where the stars are would tell it.
// Letters inside of words are no password, or who logs in with "e" would leave nothing of the log to read.

/** Octets. With a shorter one so many texts would be full of stars that they would tell it. */
const SHORTEST = 4;
/** In lines that a script itself writes. */
const SHORTEST_IN_LINES = 8;
/** Passwords of one session; the newest. A client that guesses is stopped before (limit-auth). */
const MOST = 16;
const STARS = '***';

/** What smtpe itself says of events, and what is an address: never made of what an author wrote. */
const own: ReadonlySet<string> = new Set([
  ...['id', 'session', 'transaction', 'client', 'proxy', 'port', 'listener', 'hook', 'function'],
  ...['login', 'user', 'mechanism', 'source', 'limit', 'place', 'kind', 'tls', 'version', 'cipher'],
  ...['service', 'address', 'command', 'method', 'level', 'name', 'store', 'op', 'stage', 'for', 'by'],
  ...['from', 'to', 'sender', 'recipient', 'message_id', 'hello', 'helo', 'next_hop', 'queue_id', 'peer'],
]);

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64').replace(/=+$/, '');

/** As base64 has it where it stands inside of a longer text, which may begin at any of three places: the characters that are of nothing else. */
const insideBase64 = (text: string): readonly string[] =>
  [0, 1, 2].map((before) => {
    const coded = base64('\0'.repeat(before) + text);
    return coded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + text.length) * 8) / 6));
  });

const percent = (octet: string): string =>
  `%${octet.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;

/** What the web, or a text in quotes, does not have as it is. */
const SPECIAL = /[^A-Za-z0-9_.~-]/g;

/** How a password may stand in a message, the longest first. All latin1. Every log-in makes them: what would give no other form is not tried. */
function formsOf(user: string, password: string): readonly string[] {
  const forms = [password];
  const add = (form: string): void => {
    if (!forms.includes(form)) forms.push(form);
  };
  add(password.toLowerCase());
  add(password.toUpperCase());
  const escaped = password.replace(SPECIAL, percent);
  if (escaped !== password) {
    add(escaped);
    add(escaped.toLowerCase());
    add(escaped.replaceAll('%20', '+'));
    add(password.replace(/[\n"\\]/g, (one) => (one === '\n' ? '\\n' : `\\${one}`)));
  }
  add(Buffer.from(password, 'latin1').toString('hex'));
  const whole = [password, `${user}:${password}`, `\0${user}\0${password}`].map(base64);
  // Of a short one that is too little: it would be found where it is not.
  for (const coded of password.length < SHORTEST ? whole : [...whole, ...insideBase64(password)]) {
    add(coded);
    if (coded.includes('+') || coded.includes('/')) add(coded.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms.sort((a, b) => b.length - a.length);
}

const ALPHANUMERIC = /[A-Za-z0-9]/;

/** Whether `form` stands in `text` with no letter or digit beside it, in linear time. */
function standsAlone(text: string, form: string): boolean {
  for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) {
    const beside = text.charAt(at - 1) + text.charAt(at + form.length);
    if (!ALPHANUMERIC.test(beside)) return true;
  }
  return false;
}

interface Secret {
  readonly user: string;
  readonly password: string;
  /** Made when there is the first text to look at. */
  forms?: readonly string[];
}

const formsIn = (secret: Secret): readonly string[] => {
  secret.forms ??= formsOf(secret.user, secret.password);
  return secret.forms;
};

export class Hiding {
  #secrets: readonly Secret[] = [];

  /** Both latin1, as the client sent them. */
  add(user: string, password: string): this {
    const known = this.#secrets.some((one) => one.user === user && one.password === password);
    if (!known && password !== '') this.#secrets = [...this.#secrets, { user, password }].slice(-MOST);
    return this;
  }

  /** A text that an author, or what he has called, may have made. */
  in(text: string, shortest = SHORTEST): string {
    let shown = text;
    for (const secret of this.#secrets) {
      if (secret.password.length >= shortest)
        shown = formsIn(secret).reduce((left, form) => left.replaceAll(form, STARS), shown);
      else if (formsIn(secret).some((form) => standsAlone(text, form))) return STARS;
    }
    return shown;
  }

  /** A line of a script. */
  inLine(text: string): string {
    return this.in(text, SHORTEST_IN_LINES);
  }

  inFields<T extends object>(fields: T, shortest = SHORTEST): T {
    const shown = Object.entries(fields).map(([name, value]: [string, unknown]) => [
      name,
      own.has(name) && typeof value === 'string' ? value : this.#inValue(value, shortest),
    ]);
    return Object.fromEntries(shown) as T;
  }

  inLineFields<T extends object>(fields: T): T {
    return this.inFields(fields, SHORTEST_IN_LINES);
  }

  #inValue(value: unknown, shortest: number): unknown {
    if (typeof value === 'string') return this.in(value, shortest);
    if (!Array.isArray(value)) return value;
    return value.map((row: unknown) =>
      typeof row === 'object' && row !== null ? this.inFields(row, shortest) : this.#inValue(row, shortest),
    );
  }
}
