// The header block of a message or a part, line by line: where it ends, and the headers that say what the part is (RFC 5322 2.2, RFC 2045 3).
// The same for the receiver (hooks, header list) and for the MIME parser. Called with complete lines.
//
// The block ends with the empty line, or before a line that is a delimiter of the multipart that its own Content-Type declares.

import { ByteAccumulator } from '../../base/byte-accumulator.ts';
import { fieldOf, isBlankLine, isEnvelopeLine, lineShape } from '../header/header-field.ts';
import { DeclaredBoundaries, type PartHeaders } from './content-type.ts';

/** What a line is: part of the headers, the empty line that ends them, or the first line behind them (then it is not taken). */
export type LineKind = 'header' | 'blank' | 'delimiter';

const SPACE = 32;
const TAB = 9;
const DASH = 45;
const CR = 13;
const LF = 10;
const UPPER_C = 67;
const LOWER_C = 99;
const DELETE = 127;

const names = ['content-type', 'content-transfer-encoding', 'content-disposition'] as const;
type KnownName = (typeof names)[number];

/** Headers of a name that are kept: the first ones and the last. More only serve to waste memory. */
const maxValues = 32;

export class HeaderBlock {
  /** Octets taken so far, line ends included. */
  length = 0;
  /** Whole unfolded lines with their names, as mime.parts shows them: the last ones. */
  contentTypeLine: string | undefined;
  encodingLine: string | undefined;
  /** From the last line taken on, some programs may see the body. */
  doubtful = false;
  /** What is odd about the block, for mime.defects. */
  oddLine = false;
  blanksBeforeColon = false;
  readonly #onField: ((name: string, value: string) => void) | undefined;
  readonly #values: Record<KnownName, string[]> = {
    'content-type': [],
    'content-transfer-encoding': [],
    'content-disposition': [],
  };
  readonly #declared = new DeclaredBoundaries();
  /** The header being read, unfolded, if anybody wants it. */
  readonly #line = new ByteAccumulator();
  #any = false;
  #lastLineEnd = 0;

  /** `onField` gets every header that has a name, name in lower case, value unfolded; without it only Content-* headers are looked at. */
  constructor(onField: ((name: string, value: string) => void) | undefined) {
    this.#onField = onField;
  }

  /** What the headers say so far, the one being read included. */
  get headers(): PartHeaders {
    const values = (name: KnownName): readonly string[] => {
      const open = this.#open();
      return open?.name === name ? [...this.#values[name], open.value] : this.#values[name];
    };
    return {
      contentType: values('content-type'),
      encoding: values('content-transfer-encoding'),
      disposition: values('content-disposition'),
    };
  }

  /** `contentEnd` is where the line end begins, `end` is behind it. */
  line(source: Buffer, start: number, contentEnd: number, end: number): LineKind {
    if (contentEnd === start) {
      this.length += end - start;
      this.close();
      return 'blank';
    }
    const first = source[start] as number;
    if (first === SPACE || first === TAB) {
      if (!this.#any || isBlankLine(source, start, contentEnd)) this.#doubt();
      // Only the first blank of a continuation stands for the line end. With nothing before it, it begins a header for some programs.
      if (!this.#any) this.#begin(source, start, contentEnd, first);
      else if (this.#line.length > 0) {
        this.#line.append(blank, 0, 1);
        this.#line.append(source, start + 1, contentEnd);
      }
    } else {
      this.close();
      if (first === DASH && source[start + 1] === DASH && this.#isDelimiter(source, start, contentEnd))
        return 'delimiter';
      if (!this.#envelope(source, start, contentEnd)) this.#begin(source, start, contentEnd, first);
    }
    this.#any = true;
    this.length += end - start;
    this.#lastLineEnd = end - contentEnd;
    return 'header';
  }

  /** A delimiter follows: the line end before it belongs to it (unless that ends the empty line, which is ours). */
  giveBackLineEnd(): void {
    this.length -= this.#lastLineEnd;
    this.#lastLineEnd = 0;
  }

  /** The header being read is complete. */
  close(): void {
    const open = this.#open();
    if (open === undefined) {
      this.#line.clear();
      return;
    }
    this.#line.clear();
    const name = names.find((item) => item === open.name);
    if (name !== undefined) {
      const list = this.#values[name];
      if (list.length < maxValues) list.push(open.value);
      else list[maxValues - 1] = open.value;
    }
    if (name === 'content-type') {
      this.contentTypeLine = open.line;
      this.#declared.add(open.value);
    }
    if (name === 'content-transfer-encoding') this.encodingLine = open.line;
    this.#onField?.(open.name, open.value);
  }

  #open(): { readonly name: string; readonly value: string; readonly line: string } | undefined {
    if (this.#line.length === 0) return undefined;
    const line = this.#line.view().toString('latin1');
    const field = fieldOf(line);
    return field === undefined ? undefined : { name: field.name, value: line.slice(field.valueAt), line };
  }

  #doubt(): void {
    this.doubtful = true;
    this.oddLine = true;
  }

  #begin(source: Buffer, start: number, contentEnd: number, first: number): void {
    const shape = lineShape(source, start, contentEnd);
    if (shape === 'odd') this.#doubt();
    else if (shape === 'blanks') this.blanksBeforeColon = true;
    if (
      this.#onField !== undefined ||
      first === UPPER_C ||
      first === LOWER_C ||
      first <= SPACE ||
      first >= DELETE
    )
      this.#line.append(source, start, contentEnd);
  }

  #envelope(source: Buffer, start: number, end: number): boolean {
    return !this.#any && isEnvelopeLine(source.toString('latin1', start, Math.min(end, start + 1000)));
  }

  #isDelimiter(source: Buffer, start: number, end: number): boolean {
    if (end - start > maxDelimiter || !this.#declared.multipart) return false;
    return this.#declared.delimits(source.toString('latin1', start + 2, end).trimEnd());
  }
}

const blank = Buffer.from(' ');
/** A longer line is no delimiter: the longest boundary that an option allows, and blanks. */
const maxDelimiter = 2004;

/** The header block of a whole message (CRLF line ends): its octets without the empty line, and whether there is one. */
export function headerBlockOf(message: Buffer): { readonly length: number; readonly hasEmptyLine: boolean } {
  const block = new HeaderBlock(undefined);
  let start = 0;
  for (let lineFeed = message.indexOf(LF); lineFeed >= 0; lineFeed = message.indexOf(LF, start)) {
    const contentEnd = lineFeed > start && message[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
    const kind = block.line(message, start, contentEnd, lineFeed + 1);
    if (kind !== 'header') return { length: start, hasEmptyLine: kind === 'blank' };
    start = lineFeed + 1;
  }
  return { length: message.length, hasEmptyLine: false };
}
