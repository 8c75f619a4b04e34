// The first address of a header as Dovecot tells scripts of it: lenient, as it shows something of whatever stands there. Who asks whether an
// address may be trusted must not ask here: text/address-list does not guess. Pure, linear.

export interface FirstAddress {
  /** `local@domain`, or the local part alone; '' when there is none. */
  readonly address: string;
  /** The phrase, or the comment behind the address, or the name of a group; not decoded. */
  readonly name: string;
}

const none: FirstAddress = { address: '', name: '' };

/** Octets of a header that are looked at: no first address is that long. */
const longest = 10_000;

const atom = /[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\x80-\xff-]+/y;
const quoted = /"((?:[^"\\]|\\.)*)"?/sy;

class Reader {
  readonly #text: string;
  #at = 0;
  comment = '';

  constructor(text: string) {
    this.#text = text;
  }

  /** '' at the end. */
  get next(): string {
    return this.#text[this.#at] ?? '';
  }

  take(): void {
    this.#at++;
    this.skip();
  }

  /** Over blanks and comments, the last of which is kept. */
  skip(): void {
    for (;;) {
      while (/^[ \t\r\n]$/.test(this.next)) this.#at++;
      if (this.next !== '(') return;
      let depth = 0;
      let comment = '';
      do {
        let character = this.#text[this.#at++];
        if (character === undefined) break;
        if (character === '(' && depth++ === 0) continue;
        if (character === ')' && --depth === 0) break;
        if (character === '\\') character = this.#text[this.#at++] ?? '';
        comment += character;
      } while (depth > 0);
      this.comment = comment;
    }
  }

  /** An atom with its dots, or a quoted string without its quotes; undefined: neither. */
  word(): string | undefined {
    atom.lastIndex = quoted.lastIndex = this.#at;
    const found = this.next === '"' ? quoted.exec(this.#text) : atom.exec(this.#text);
    if (found === null) return undefined;
    this.#at += found[0].length;
    this.skip();
    return found[1]?.replace(/\\(.)/gs, '$1') ?? found[0];
  }

  /** Behind the @. */
  domain(): string {
    if (this.next !== '[') return this.word() ?? '';
    const end = this.#text.indexOf(']', this.#at);
    const literal = this.#text.slice(this.#at, end < 0 ? undefined : end + 1);
    this.#at += literal.length;
    this.skip();
    return literal;
  }
}

const join = (local: string, domain: string): string => {
  if (local === '') return '';
  return domain === '' ? local : `${local}@${domain}`;
};

/** `header` is latin1, with its folding. */
export function readFirstAddress(header: string): FirstAddress {
  const reader = new Reader(header.slice(0, longest).replace(/\r?\n/g, ' '));
  reader.skip();
  while (reader.next === ',') reader.take();
  // One in front is no name.
  reader.comment = '';
  const words: string[] = [];
  for (let word = reader.word(); word !== undefined; word = reader.word()) words.push(word);
  const phrase = words.join(' ');
  switch (reader.next) {
    case '<':
      return { address: angle(reader), name: phrase };
    case ':':
      return words.length === 0 ? none : { address: '', name: phrase };
    case '@': {
      if (words.length !== 1) return { address: '', name: phrase };
      reader.take();
      const address = join(phrase, reader.domain());
      return { address, name: reader.comment };
    }
    case '':
    case ',':
      return words.length === 1 ? { address: phrase, name: reader.comment } : { address: '', name: phrase };
    default:
      return { address: '', name: phrase };
  }
}

function angle(reader: Reader): string {
  reader.take();
  // A route: @a,@b:
  while (reader.next === '@' || reader.next === ',') {
    reader.take();
    reader.domain();
  }
  if (reader.next === ':') reader.take();
  const local = reader.word() ?? '';
  if (reader.next !== '@') return local;
  reader.take();
  return join(local, reader.domain());
}
