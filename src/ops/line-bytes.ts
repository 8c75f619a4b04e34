// The octets of one log line while it is made. A line put together from texts is a hundred small objects for the collector, which took longer
// than making the line did; octets put one behind the other are none. The same memory serves line after line. Pure.

/** What stands for a value in a line as it is. */
const PLAIN = 0;
/** In quotes: a blank, an equal sign. */
const QUOTED = 1;
/** Not as it is: a control character, a backslash, a quote, whatever is not ASCII. */
const CODED = 2;

/** By character code. */
const kinds = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code < 0x20 || code === 0x7f || code === 0x5c || code === 0x22) return CODED;
  return code === 0x20 || code === 0x3d ? QUOTED : PLAIN;
});

const QUOTE = 0x22;
const ZERO = 0x30;
/** Longer texts are copied by the machine: to call it takes as long as so many characters. */
const LONG = 150;
/** Longer lines leave no memory behind. */
const KEPT = 65_536;

export class LineBytes {
  #bytes = Buffer.allocUnsafeSlow(4096);
  #length = 0;

  /** What was put since the last call of `clear`; lent until anything else here is called. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  /** As a text, one character an octet. */
  get text(): string {
    return this.#bytes.toString('latin1', 0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > KEPT) this.#bytes = Buffer.allocUnsafeSlow(4096);
  }

  /** `text` is ASCII. */
  put(text: string): void {
    const { length } = text;
    this.#reserve(length);
    const bytes = this.#bytes;
    const at = this.#length;
    if (length > LONG) bytes.write(text, at, 'latin1');
    else for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    this.#length = at + length;
  }

  /** Puts a text that is printable ASCII without a backslash; false: it is none, and nothing was put. */
  putSafe(text: string): boolean {
    const { length } = text;
    this.#reserve(length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127 || (kinds[code] === CODED && code !== QUOTE)) return false;
      bytes[at++] = code;
    }
    this.#length = at;
    return true;
  }

  /** Puts octets as they are; they are few. */
  putOctets(octets: Uint8Array): void {
    const { length } = octets;
    this.#reserve(length);
    const bytes = this.#bytes;
    const at = this.#length;
    for (let i = 0; i < length; i++) bytes[at + i] = octets[i] ?? 0;
    this.#length = at + length;
  }

  /** Puts the digits of an integer from 0 up to 2^31. */
  putInteger(value: number): void {
    this.#reserve(10);
    const bytes = this.#bytes;
    let digits = 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits++;
    this.#length += digits;
    let at = this.#length;
    let rest = value;
    for (let i = 0; i < digits; i++) {
      const next = (rest / 10) | 0;
      bytes[--at] = ZERO + rest - 10 * next;
      rest = next;
    }
  }

  /** Puts a text as a value, in quotes if it has to be; false: something in it has to be encoded, and nothing was put. */
  putValue(text: string): boolean {
    const { length } = text;
    this.#reserve(length + 2);
    const bytes = this.#bytes;
    const first = this.#length;
    let at = first;
    let isQuoted = length === 0;
    if (isQuoted) bytes[at++] = QUOTE;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return false;
      const kind = kinds[code];
      if (kind !== PLAIN) {
        if (kind === CODED) return false;
        if (!isQuoted) {
          // What is there makes room for the quote.
          for (let moved = at++; moved > first; moved--) bytes[moved] = bytes[moved - 1] ?? 0;
          bytes[first] = QUOTE;
          isQuoted = true;
        }
      }
      bytes[at++] = code;
    }
    if (isQuoted) bytes[at++] = QUOTE;
    this.#length = at;
    return true;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * needed);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
