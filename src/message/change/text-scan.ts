// What has to be known of a text before something is put into it, found in one pass over its octets (its transfer encoding undone).
import { TextDecoder } from 'node:util';
import { HtmlPlace } from './html-place.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;

const armour = Buffer.from('-----BEGIN PGP ', 'latin1');

export class TextScan {
  readonly #page: HtmlPlace | undefined;
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
    this.#page = html ? new HtmlPlace() : undefined;
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
    this.#page?.octet(octet, at);
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

  /** Where in a page something can be put that is shown at its end; undefined: behind everything. */
  get placeAt(): number | undefined {
    return this.#page?.place;
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
