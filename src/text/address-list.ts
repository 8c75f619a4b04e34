// Addresses in a header (RFC 5322 3.4) with the obsolete forms of section 4.4: routes, empty list elements, dots in names, blanks and comments
// anywhere but within a local part or domain; octets beyond ASCII (RFC 6532). Dots at the ends of a local part or one behind the other, and one behind a domain, are let through as
// smtp-lenient does: everybody reads them alike. The one grammar for whoever asks who is in From or To. It does not guess: what is no list of addresses is
// none, as two readers would find two different addresses in it (`a@b .c` is b.c to some and b to others); nor is one whose address has an encoded word in it (RFC 2047 section 5), which
// some show decoded. Pure; texts are latin1, and time is linear in them.

export interface Mailbox {
  /** What stands in front of `<`: without quotes and comments, encoded words as they came. */
  readonly name: string | undefined;
  /** As it is written, quotes included, without blanks and comments. No control characters but tabs. */
  readonly localPart: string;
  /** Likewise, without a dot at the end; a literal with its brackets. */
  readonly domain: string;
  /** The name of the group that it is in. */
  readonly group: string | undefined;
}

export type AddressList =
  | { readonly kind: 'list'; readonly mailboxes: readonly Mailbox[] }
  /** `at`: octets of the unfolded text in front of what does not fit. */
  | { readonly kind: 'wrong'; readonly expected: string; readonly at: number }
  | { readonly kind: 'too-many' };

/** `text`: what stands behind the colon, with its folding. A list of none is a list. */
export function readAddressList(text: string, most = Number.POSITIVE_INFINITY): AddressList {
  return new AddressReader(text, most).list();
}

type Token =
  | {
      readonly kind: 'atom' | 'quoted' | 'literal' | 'special';
      readonly text: string;
      /** Blanks or a comment stand in front of it. */
      readonly apart: boolean;
    }
  | { readonly kind: 'end' }
  | { readonly kind: 'wrong'; readonly expected: string };

const END: Token = { kind: 'end' };

const atom = /[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]+/y;
const quoted = /"(?:[^"\\\r\n\0]|\\[^\r\n\0])*"/y;
/** RFC 5321 section 4.1.3; what else could stand in one looks like an address to some. */
const literal = /\[[A-Za-z0-9.:-]+\]/y;
const blanks = /[ \t]+/y;

/** The beginning of an encoded word: programs decode it wherever it stands, whatever follows. */
const encodedWord = /=\?[^?\s]{0,80}\?[bq]\?/i;
const control = /[\x00-\x08\x0a-\x1f\x7f]/;

/** What a quoted string or quoted local part stands for. */
export function unquoted(text: string): string {
  return text.includes('"')
    ? text.replace(/"((?:[^"\\]|\\.)*)"/gs, (_all, inner: string) => inner.replace(/\\(.)/gs, '$1'))
    : text;
}

class AddressReader {
  readonly #text: string;
  readonly #most: number;
  readonly #mailboxes: Mailbox[] = [];
  #at = 0;
  /** Where the token in hand begins. */
  #start = 0;
  #token: Token = END;
  #expected = '';
  #group: string | undefined;

  constructor(text: string, most: number) {
    this.#text = text.replace(/\r?\n(?=[ \t]|$)/g, '');
    this.#most = most;
    this.#next();
  }

  list(): AddressList {
    for (;;) {
      while (this.#is(',')) this.#next();
      if (this.#isAtEnd()) break;
      if (!this.#address()) return this.#failure();
      if (this.#isAtEnd()) break;
      if (!this.#is(',')) {
        this.#miss('a comma or the end');
        return this.#failure();
      }
    }
    return this.#mailboxes.length > this.#most
      ? { kind: 'too-many' }
      : { kind: 'list', mailboxes: this.#mailboxes };
  }

  #failure(): AddressList {
    if (this.#mailboxes.length > this.#most) return { kind: 'too-many' };
    const token = this.#token;
    const expected = token.kind === 'wrong' ? token.expected : this.#expected;
    return { kind: 'wrong', expected, at: this.#start };
  }

  /** A mailbox, or a group of them. */
  #address(): boolean {
    // Local part or display name: what follows says which.
    const words: string[] = [];
    let name = '';
    let isLocal = true;
    let wasWord = false;
    let anyWord = false;
    for (;;) {
      const token = this.#token;
      if (token.kind === 'atom' || token.kind === 'quoted') {
        if (wasWord || (token.apart && words.length > 0)) isLocal = false;
        wasWord = true;
        anyWord = true;
      } else if (token.kind === 'special' && token.text === '.') {
        if (token.apart && words.length > 0) isLocal = false;
        wasWord = false;
      } else break;
      words.push(token.text);
      if (token.apart && name !== '') name += ' ';
      name += token.kind === 'quoted' ? unquoted(token.text) : token.text;
      this.#next();
    }
    if (this.#is('<')) return this.#angle(words.length === 0 ? undefined : name);
    if (this.#is('@')) {
      if (!isLocal || !anyWord) return this.#miss('a local part in front of the @, without blanks in it');
      this.#next();
      return this.#domain(undefined, words.join(''));
    }
    if (!this.#is(':') || words.length === 0 || this.#group !== undefined)
      return this.#miss(words.length === 0 ? 'an address' : 'an @ or <');
    this.#next();
    return this.#members(name);
  }

  #members(name: string): boolean {
    this.#group = name;
    for (;;) {
      while (this.#is(',')) this.#next();
      if (this.#is(';')) break;
      if (!this.#address()) return false;
      if (!this.#is(',') && !this.#is(';')) return this.#miss('a comma, or the ; of the group');
    }
    this.#group = undefined;
    this.#next();
    return true;
  }

  #angle(name: string | undefined): boolean {
    this.#next();
    if (this.#is('@') && !this.#route()) return false;
    let localPart = '';
    let wasWord = false;
    let anyWord = false;
    for (;;) {
      const token = this.#token;
      const isWord = token.kind === 'atom' || token.kind === 'quoted';
      if ((isWord && wasWord) || (!isWord && !(token.kind === 'special' && token.text === '.'))) break;
      if (token.apart && localPart !== '') return this.#miss('a local part without blanks in it');
      localPart += token.text;
      anyWord ||= isWord;
      wasWord = isWord;
      this.#next();
    }
    if (!anyWord) return this.#miss('a local part behind <');
    if (!this.#is('@')) return this.#miss('an @');
    this.#next();
    if (!this.#domain(name, localPart)) return false;
    if (!this.#is('>')) return this.#miss('>');
    this.#next();
    return true;
  }

  /** @a,@b: in front of an address (RFC 5322 4.4). */
  #route(): boolean {
    while (!this.#is(':')) {
      if (this.#is(',')) this.#next();
      else if (this.#is('@')) {
        this.#next();
        if (this.#domainText() === undefined) return false;
      } else return this.#miss('the : of a route');
    }
    this.#next();
    return true;
  }

  #domain(name: string | undefined, localPart: string): boolean {
    const domain = this.#domainText();
    if (domain === undefined) return false;
    if (control.test(localPart) || encodedWord.test(localPart) || encodedWord.test(domain))
      return this.#miss('an address without control characters and encoded words');
    // One too many says that there are too many: the rest is not kept.
    if (this.#mailboxes.length <= this.#most)
      this.#mailboxes.push({ name, localPart, domain, group: this.#group });
    return this.#mailboxes.length <= this.#most;
  }

  #domainText(): string | undefined {
    const first = this.#token;
    if (first.kind === 'literal') {
      this.#next();
      return first.text;
    }
    let domain = '';
    for (;;) {
      const token = this.#token;
      if (token.kind !== 'atom' || (token.apart && domain !== '')) {
        if (domain !== '' && !this.#is('.')) return domain.slice(0, -1);
        this.#miss('a domain');
        return undefined;
      }
      domain += token.text;
      this.#next();
      const dot = this.#token;
      if (dot.kind !== 'special' || dot.text !== '.') return domain;
      if (dot.apart) {
        this.#miss('a domain without blanks in it');
        return undefined;
      }
      domain += '.';
      this.#next();
    }
  }

  #miss(expected: string): false {
    this.#expected = expected;
    return false;
  }

  #isAtEnd(): boolean {
    return this.#token.kind === 'end';
  }

  #is(special: string): boolean {
    return this.#token.kind === 'special' && this.#token.text === special;
  }

  #next(): void {
    this.#token = this.#read();
  }

  #read(): Token {
    const before = this.#at;
    this.#start = before;
    if (!this.#skip()) return { kind: 'wrong', expected: 'the end of the comment' };
    this.#start = this.#at;
    if (this.#at >= this.#text.length) return END;
    const apart = this.#at > before;
    const character = this.#text[this.#at] ?? '';
    if ('<>@,;:.'.includes(character)) {
      this.#at++;
      return { kind: 'special', text: character, apart };
    }
    if (character === '"') return this.#word('quoted', quoted, apart, 'the end of the quoted string');
    if (character === '[') return this.#word('literal', literal, apart, 'the ] of an address');
    return this.#word('atom', atom, apart, 'a word without this octet');
  }

  #word(kind: 'atom' | 'quoted' | 'literal', pattern: RegExp, apart: boolean, expected: string): Token {
    const text = this.#match(pattern);
    return text === undefined ? { kind: 'wrong', expected } : { kind, text, apart };
  }

  /** Over blanks and comments; false for a comment without end. */
  #skip(): boolean {
    for (;;) {
      if (this.#match(blanks) !== undefined) continue;
      if (this.#text[this.#at] !== '(') return true;
      let depth = 0;
      do {
        const character = this.#text[this.#at++];
        if (character === undefined || '\r\n\0'.includes(character)) return false;
        if (character === '\\') this.#at++;
        else if (character === '(') depth++;
        else if (character === ')') depth--;
      } while (depth > 0);
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }
}
