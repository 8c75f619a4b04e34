// The words of an Authentication-Results header (RFC 8601 2.2, RFC 2045 5.1): tokens, quoted strings, and blanks, folds and comments between
// them. Pure; texts are latin1.

/** RFC 2045: printable ASCII but specials. */
const token = /[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+/y;
const keyword = /[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/y;
const number = /[0-9]+/y;
/** What stands behind the = of a property without being quoted: a token or an address (2.2, pvalue). */
const plainValue = /[!#$%&'*+./0-9=?@A-Z^_`a-z{|}~\x80-\xff-]+/y;

export class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.replace(/\r?\n(?=[ \t]|$)/g, '');
  }

  /** Over blanks and comments; false for a comment without end, or with line ends or NUL in it. */
  skip(): boolean {
    for (;;) {
      const character = this.#text[this.#at];
      if (character === ' ' || character === '\t') this.#at++;
      else if (character !== '(') return true;
      else if (!this.#comment()) return false;
    }
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Takes the character when it is next. */
  take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** A token or a quoted string, without its quotes; undefined when neither is next. */
  value(): string | undefined {
    return this.#text[this.#at] === '"' ? this.#quoted() : this.#match(token);
  }

  propertyValue(): string | undefined {
    if (this.#text[this.#at] !== '"') return this.#match(plainValue);
    const text = this.#quoted();
    // The local part of an address may be quoted.
    const rest = text === undefined || this.#text[this.#at] !== '@' ? '' : this.#match(plainValue);
    return text === undefined || rest === undefined ? undefined : text + rest;
  }

  keyword(): string | undefined {
    return this.#match(keyword);
  }

  number(): string | undefined {
    return this.#match(number);
  }

  #quoted(): string | undefined {
    let text = '';
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at] ?? '';
      if (character === '"') {
        this.#at = at + 1;
        return text;
      }
      const octet = character === '\\' ? this.#text[++at] : character;
      if (octet === undefined || /[\x00-\x08\x0a-\x1f\x7f]/.test(octet)) return undefined;
      text += octet;
    }
    return undefined;
  }

  #comment(): boolean {
    let depth = 0;
    do {
      const character = this.#text[this.#at++];
      if (character === undefined || character === '\r' || character === '\n' || character === '\0')
        return false;
      if (character === '\\') this.#at++;
      else if (character === '(') depth++;
      else if (character === ')') depth--;
    } while (depth > 0);
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }
}
