// The header block of one MIME part, line by line: where it ends, and the headers that say what the part is (RFC 5322 2.2, RFC 2045 3).
// Called by mime-parts.ts with complete lines.
import type { PartHeaders } from './mime-content-type.ts';

/** What a line is: part of the headers, the empty line that ends them, or already the body (no header at all). */
export type LineKind = 'header' | 'blank' | 'body';

const SPACE = 32;
const TAB = 9;
const COLON = 58;

const names = ['content-type', 'content-transfer-encoding', 'content-disposition'] as const;
type KnownName = (typeof names)[number];

/** Where the name of a header ends, or -1 if the line is none. Blanks before the colon are tolerated (RFC 5322 4.5). */
function nameEnd(line: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end) {
    const byte = line[i] as number;
    if (byte === COLON) return i === start ? -1 : i;
    if (byte <= SPACE || byte >= 127) break;
    i++;
  }
  if (i === start) return -1;
  const nameStop = i;
  while (i < end && (line[i] === SPACE || line[i] === TAB)) i++;
  return line[i] === COLON && i < end ? nameStop : -1;
}

export class HeaderBlock {
  /** Octets taken so far, line ends included. */
  length = 0;
  /** Whole unfolded lines with their names, as mime.parts shows them: the last ones. */
  contentTypeLine: string | undefined;
  encodingLine: string | undefined;
  readonly #onField: ((name: string, value: string) => void) | undefined;
  readonly #values: Record<KnownName, string[]> = {
    'content-type': [],
    'content-transfer-encoding': [],
    'content-disposition': [],
  };
  /** The header being read, if anybody wants it: its lines, the first with name. */
  #lines: string[] = [];
  #name = '';
  #nameLength = 0;
  #any = false;
  #lastLineEnd = 0;

  /** `onField` gets every header, name in lower case, value unfolded; without it only Content-* headers are looked at. */
  constructor(onField: ((name: string, value: string) => void) | undefined) {
    this.#onField = onField;
  }

  get headers(): PartHeaders {
    return {
      contentType: this.#values['content-type'],
      encoding: this.#values['content-transfer-encoding'],
      disposition: this.#values['content-disposition'],
    };
  }

  /** `contentEnd` is where the line end begins, `end` is behind it. A line of kind `body` is not taken. */
  line(source: Buffer, start: number, contentEnd: number, end: number): LineKind {
    if (contentEnd === start) {
      this.length += end - start;
      this.close();
      return 'blank';
    }
    const first = source[start];
    if (first === SPACE || first === TAB) {
      if (!this.#any) return 'body';
      // Only the first blank of a continuation stands for the line end.
      if (this.#lines.length > 0) this.#lines.push(` ${source.toString('latin1', start + 1, contentEnd)}`);
    } else if (!this.#any && isEnvelopeLine(source, start, contentEnd)) {
      this.close();
    } else {
      const colon = nameEnd(source, start, contentEnd);
      if (colon < 0) return 'body';
      this.close();
      this.#open(source, start, colon, contentEnd);
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
    if (this.#lines.length === 0) return;
    const line = this.#lines.join('');
    const value = line.slice(line.indexOf(':', this.#nameLength) + 1);
    this.#lines = [];
    const name = names.find((item) => item === this.#name);
    if (name !== undefined) this.#values[name].push(value);
    if (name === 'content-type') this.contentTypeLine = line;
    if (name === 'content-transfer-encoding') this.encodingLine = line;
    this.#onField?.(this.#name, value);
  }

  #open(source: Buffer, start: number, nameStop: number, contentEnd: number): void {
    const wanted = this.#onField !== undefined || source[start] === 67 || source[start] === 99; // C, c
    if (!wanted) return;
    const name = source.toString('latin1', start, nameStop).toLowerCase();
    if (this.#onField === undefined && !names.some((item) => item === name)) return;
    this.#name = name;
    this.#nameLength = nameStop - start;
    this.#lines.push(source.toString('latin1', start, contentEnd));
  }
}

/** `From ` of a mailbox, also quoted, as the first line of a message. */
function isEnvelopeLine(source: Buffer, start: number, end: number): boolean {
  const text = source.toString('latin1', start, Math.min(end, start + 6));
  return text.startsWith('From ') || text === '>From ';
}
