// Octets in a Content-Transfer-Encoding (RFC 2045 6.7, 6.8), as they arrive in any pieces. Our own and not a library's, as no line of what is
// written may look like a delimiter of the message around it, whose boundaries a stranger has chosen: quoted-printable lines never begin with two dashes.

export interface TransferEncoder {
  push(bytes: Buffer): Buffer;
  end(): Buffer;
}

const CRLF = '\r\n';
/** Octets of one base64 line of 76. */
const groupOctets = 57;

export class Base64Encoder implements TransferEncoder {
  #held: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): Buffer {
    const all = this.#held.length > 0 ? Buffer.concat([this.#held, bytes]) : bytes;
    const whole = all.length - (all.length % groupOctets);
    this.#held = Buffer.from(all.subarray(whole));
    return lines(all.subarray(0, whole));
  }

  end(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return lines(rest);
  }
}

function lines(octets: Buffer): Buffer {
  let text = '';
  for (let at = 0; at < octets.length; at += groupOctets)
    text += octets.toString('base64', at, Math.min(octets.length, at + groupOctets)) + CRLF;
  return Buffer.from(text, 'latin1');
}

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const EQUALS = 61;
const DASH = 45;
const DOT = 46;
const longest = 75;
const escapes = Array.from({ length: 256 }, (_, octet) =>
  Buffer.from(`=${octet.toString(16).toUpperCase().padStart(2, '0')}`, 'latin1'),
);
const soft = Buffer.from('=\r\n', 'latin1');

/** `text`: CRLF is a line end; else each octet stands for itself. */
export class QuotedPrintableEncoder implements TransferEncoder {
  readonly #text: boolean;
  #column = 0;
  /** A CR, or blanks and what they follow, whose successor decides. */
  #held: Buffer = Buffer.alloc(0);

  constructor(text: boolean) {
    this.#text = text;
  }

  push(bytes: Buffer): Buffer {
    const all = this.#held.length > 0 ? Buffer.concat([this.#held, bytes]) : bytes;
    // The last two octets wait: a blank or CR at the end of a line is written otherwise.
    const until = Math.max(0, all.length - 2);
    const out = Buffer.allocUnsafe(all.length * 6 + 3);
    const { end, read } = this.#write(all, until, out);
    this.#held = Buffer.from(all.subarray(read));
    return out.subarray(0, end);
  }

  end(): Buffer {
    const out = Buffer.allocUnsafe(this.#held.length * 6 + 3);
    const { end } = this.#write(this.#held, this.#held.length, out);
    this.#held = Buffer.alloc(0);
    return out.subarray(0, end);
  }

  #write(all: Buffer, until: number, out: Buffer): { readonly end: number; readonly read: number } {
    let end = 0;
    let i = 0;
    while (i < until) {
      const octet = all[i] as number;
      if (this.#text && octet === CR && all[i + 1] === LF) {
        out[end++] = CR;
        out[end++] = LF;
        this.#column = 0;
        i += 2;
        continue;
      }
      const plain = this.#isPlain(octet, all, i);
      const width = plain ? 1 : 3;
      if (this.#column + width > longest) {
        end += soft.copy(out, end);
        this.#column = 0;
      }
      // Asked again: at the beginning of a line other rules hold.
      if (plain && this.#isPlain(octet, all, i)) {
        out[end++] = octet;
        this.#column++;
      } else {
        end += (escapes[octet] as Buffer).copy(out, end);
        this.#column += 3;
      }
      i++;
    }
    return { end, read: i };
  }

  #isPlain(octet: number, all: Buffer, at: number): boolean {
    if (octet === SPACE || octet === TAB) {
      const next = all[at + 1];
      return next !== undefined && next !== CR && next !== LF;
    }
    if (octet <= SPACE || octet >= 127 || octet === EQUALS) return false;
    // No delimiter, and no dot that somebody forgets to stuff.
    return this.#column > 0 || (octet !== DOT && (octet !== DASH || all[at + 1] !== DASH));
  }
}

export function encodeAll(encoder: TransferEncoder, octets: Buffer): Buffer {
  return Buffer.concat([encoder.push(octets), encoder.end()]);
}
