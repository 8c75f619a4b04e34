// A text in some charset as UTF-8, while it streams.
import { createDecoding, type Decoding } from '../../charset/decoding.ts';
import type { Charset } from '../../charset/label.ts';

export class Utf8Text {
  readonly #decoding: Decoding;
  /** The first half of a pair of surrogates. */
  #half = '';
  #begun = false;

  constructor(charset: Charset) {
    const decoding = createDecoding(charset);
    if (decoding === undefined) throw new Error('octets that need no decoding');
    this.#decoding = decoding;
  }

  /** Some octets were no text in the charset. */
  get broken(): boolean {
    return this.#decoding.broken;
  }

  push(bytes: Buffer): Buffer {
    return this.#give(this.#decoding.push(bytes), false);
  }

  end(): Buffer {
    return this.#give(this.#decoding.end(), true);
  }

  #give(text: string, last: boolean): Buffer {
    let whole = this.#half + text;
    const end = whole.charCodeAt(whole.length - 1);
    const cut = !last && end >= 0xd800 && end < 0xdc00 ? whole.length - 1 : whole.length;
    this.#half = whole.slice(cut);
    whole = whole.slice(0, cut);
    // A byte order mark says nothing in UTF-8.
    if (!this.#begun && whole.length > 0) {
      this.#begun = true;
      if (whole.startsWith('\ufeff')) whole = whole.slice(1);
    }
    return Buffer.from(whole, 'utf8');
  }
}
