// Seven-bit charsets that switch tables by escapes: ISO-2022-JP and its kin (RFC 1468, 1554, 2237), ISO-2022-KR (RFC 1557), ISO-2022-CN
// (RFC 1922), HZ (RFC 1843). They are turned into the eight-bit form of the same tables, which Node decodes. Every line begins in ASCII.
import type { Decoding } from './decoding.ts';

type Label = 'iso-2022-jp' | 'iso-2022-kr' | 'iso-2022-cn' | 'hz';

/** How the octets 0x21 to 0x7e of a table are written in the eight-bit form. */
interface Table {
  /** Octets of a character. */
  readonly width: 1 | 2;
  /** What comes before the character: the single shifts of EUC. */
  readonly prefix: number;
  /** False: a table that nobody here knows; a letter stands for each of its characters, so that none of its octets is taken for ASCII. */
  readonly known: boolean;
}

const WIDE: Table = { width: 2, prefix: 0, known: true };
const SUPPLEMENT: Table = { width: 2, prefix: 0x8f, known: true };
const KATAKANA: Table = { width: 1, prefix: 0x8e, known: true };
const FOREIGN: Table = { width: 2, prefix: 0, known: false };

/** The eight-bit form, and a letter in it. */
const forms: Readonly<Record<Label, { readonly label: string; readonly letter: readonly [number, number] }>> =
  {
    'iso-2022-jp': { label: 'euc-jp', letter: [0xb0, 0xa1] },
    'iso-2022-kr': { label: 'euc-kr', letter: [0xb0, 0xa1] },
    'iso-2022-cn': { label: 'gbk', letter: [0xb0, 0xa1] },
    hz: { label: 'gbk', letter: [0xb0, 0xa1] },
  };

/** What an escape switches to; null is ASCII. Escapes for ISO-2022-KR and -CN only say what SO will mean. */
const escapes: readonly (readonly [RegExp, Table | null | 'no change'])[] = [
  [/^\x1b\([BJH@A]/, null],
  [/^\x1b\(I/, KATAKANA],
  [/^\x1b\$[@B]/, WIDE],
  [/^\x1b\$\([@B]/, WIDE],
  [/^\x1b\$\(D/, SUPPLEMENT],
  [/^\x1b\$\(?[A-Z]/, FOREIGN],
  [/^\x1b\$[)*+][A-Z]/, 'no change'],
  [/^\x1b&@/, 'no change'],
  [/^\x1b\.[AF]/, 'no change'],
];
/** The longest escape. */
const escapeLength = 4;

const ESC = 27;
const LF = 10;
const CR = 13;
const SO = 14;
const SI = 15;
const TILDE = 126;

export class ShiftedDecoding implements Decoding {
  readonly #label: Label;
  readonly #decoding: Decoding;
  #table: Table | null = null;
  /** The first octet of a character, or an escape begun. */
  #held: number[] = [];
  #foul = false;

  constructor(label: Label, create: (label: string) => Decoding) {
    this.#label = label;
    this.#decoding = create(forms[label].label);
  }

  get broken(): boolean {
    return this.#foul || this.#decoding.broken;
  }

  push(bytes: Buffer): string {
    const out = Buffer.allocUnsafe((bytes.length + escapeLength) * 3);
    let length = 0;
    for (const byte of bytes) length = this.#octet(byte, out, length);
    return this.#decoding.push(out.subarray(0, length));
  }

  end(): string {
    const out = Buffer.allocUnsafe(escapeLength * 3);
    return this.#decoding.push(out.subarray(0, this.#giveUp(out, 0))) + this.#decoding.end();
  }

  #octet(byte: number, out: Buffer, at: number): number {
    const [first] = this.#held;
    if (first === ESC) return this.#escape(byte, out, at);
    if (first === TILDE && this.#label === 'hz') return this.#tilde(byte, out, at);
    if (byte === LF || byte === CR) {
      const next = this.#giveUp(out, at);
      if (this.#table !== null) this.#foul = true;
      this.#table = null;
      out[next] = byte;
      return next + 1;
    }
    if (this.#begins(byte)) {
      const next = this.#giveUp(out, at);
      this.#held.push(byte);
      return next;
    }
    if (this.#label !== 'hz' && (byte === SO || byte === SI)) {
      const next = this.#giveUp(out, at);
      this.#table = byte === SI ? null : this.#label === 'iso-2022-jp' ? KATAKANA : WIDE;
      return next;
    }
    return this.#character(byte, out, at);
  }

  /** An octet that begins an escape here. */
  #begins(byte: number): boolean {
    if (this.#label !== 'hz') return byte === ESC;
    return byte === TILDE && this.#held.length === 0;
  }

  #character(byte: number, out: Buffer, at: number): number {
    const table = this.#table;
    if (table === null || byte < 0x21 || byte > 0x7e) {
      const next = this.#giveUp(out, at);
      out[next] = byte;
      return next + 1;
    }
    this.#held.push(byte);
    if (this.#held.length < table.width) return at;
    let next = at;
    if (!table.known) for (const octet of forms[this.#label].letter) out[next++] = octet;
    else {
      if (table.prefix !== 0) out[next++] = table.prefix;
      for (const octet of this.#held) out[next++] = octet | 0x80;
    }
    this.#held = [];
    return next;
  }

  #escape(byte: number, out: Buffer, at: number): number {
    this.#held.push(byte);
    const text = String.fromCharCode(...this.#held);
    for (const [pattern, table] of escapes) {
      if (!pattern.test(text)) continue;
      if (table !== 'no change') this.#table = table;
      this.#held = [];
      return at;
    }
    return byte > 0x20 && byte !== ESC && this.#held.length < escapeLength ? at : this.#again(out, at);
  }

  /** HZ: `~{` and `~}` switch, `~~` is a tilde, and one before a line end joins two lines. */
  #tilde(byte: number, out: Buffer, at: number): number {
    this.#held.push(byte);
    if (byte === CR && this.#held.length === 2) return at;
    const text = String.fromCharCode(...this.#held);
    if (text === '~{') this.#table = WIDE;
    else if (text === '~}') this.#table = null;
    else if (text !== '~~' && text !== '~\n' && text !== '~\r\n') return this.#again(out, at);
    this.#held = [];
    if (text !== '~~') return at;
    out[at] = TILDE;
    return at + 1;
  }

  /** What looked like an escape is none: its first octet is text, the others are read again. */
  #again(out: Buffer, at: number): number {
    this.#foul = true;
    const [first = 0, ...others] = this.#held;
    this.#held = [];
    let next = at;
    out[next++] = first;
    for (const octet of others) next = this.#octet(octet, out, next);
    return next;
  }

  /** Octets that waited for more stay as they are. */
  #giveUp(out: Buffer, at: number): number {
    let next = at;
    if (this.#held.length > 0) this.#foul = true;
    for (const octet of this.#held) out[next++] = octet;
    this.#held = [];
    return next;
  }
}
