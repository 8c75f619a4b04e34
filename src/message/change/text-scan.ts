// What has to be known of a text before something is put into it, found in one pass over its octets (its transfer encoding undone).
import { TextDecoder } from 'node:util';

const LF = 10;
const CR = 13;
const SPACE = 32;
const LESS = 60;

/** A word in ASCII, in lower case, that is looked for in any case; none of its octets but the first is `<`. */
class TagFinder {
  readonly #word: Buffer;
  #matched = 0;
  #start = 0;
  /** Where it begins the last time. */
  at: number | undefined;

  constructor(word: string) {
    this.#word = Buffer.from(word, 'latin1');
  }

  octet(octet: number, at: number): void {
    if (octet === LESS) {
      this.#matched = 1;
      this.#start = at;
      return;
    }
    if (this.#matched === 0) return;
    const lower = octet >= 65 && octet <= 90 ? octet + 32 : octet;
    if (lower !== this.#word[this.#matched]) this.#matched = 0;
    else if (++this.#matched === this.#word.length) {
      this.at = this.#start;
      this.#matched = 0;
    }
  }
}

const armour = Buffer.from('-----BEGIN PGP ', 'latin1');

export class TextScan {
  readonly #tags: { readonly body: TagFinder; readonly html: TagFinder } | undefined;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });
  length = 0;
  /** An octet above 127. */
  eightBit = false;
  /** A NUL, or a CR or LF by itself. */
  binary = false;
  /** It has an armour of PGP: it is signed or encrypted. */
  pgp = false;
  #valid = true;
  #armour = 0;
  #last = 0;
  #lastButOne = 0;
  #beforeLineEnd = 0;
  #run: number[] = [];

  constructor(html: boolean) {
    this.#tags = html ? { body: new TagFinder('</body'), html: new TagFinder('</html') } : undefined;
  }

  octet(octet: number, at: number): void {
    this.length++;
    if (octet > 127) this.eightBit = true;
    if (octet === 0 || (this.#last === CR && octet !== LF) || (octet === LF && this.#last !== CR))
      this.binary = true;
    if (this.#valid && (octet > 127 || this.#run.length > 0)) this.#check(octet);
    if (octet === LF) {
      this.#beforeLineEnd = this.#last === CR ? this.#lastButOne : this.#last;
      this.#armour = 0;
    } else if (this.#armour >= 0) {
      if (octet !== armour[this.#armour]) this.#armour = -1;
      else if (++this.#armour === armour.length) this.pgp = true;
    }
    if (this.#tags !== undefined) {
      this.#tags.body.octet(octet, at);
      this.#tags.html.octet(octet, at);
    }
    this.#lastButOne = this.#last;
    this.#last = octet;
  }

  get isUtf8(): boolean {
    return this.#valid && this.#run.length === 0;
  }

  get endsWithLine(): boolean {
    return this.#last === LF;
  }

  /** The last line ends with a blank: in format=flowed its paragraph goes on. */
  get endsOpen(): boolean {
    return (this.#last === LF ? this.#beforeLineEnd : this.#last) === SPACE;
  }

  /** Where the text of a page ends. */
  get tagAt(): number | undefined {
    return this.#tags?.body.at ?? this.#tags?.html.at;
  }

  /** Characters beyond ASCII, one at a time. */
  #check(octet: number): void {
    if (octet < 128) {
      this.#valid = false;
      return;
    }
    this.#run.push(octet);
    const first = this.#run[0] ?? 0;
    const wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (this.#run.length < wanted) return;
    try {
      this.#utf8.decode(Buffer.from(this.#run));
    } catch {
      this.#valid = false;
    }
    this.#run = [];
  }
}
