// Reads the replies of a next hop (RFC 5321 section 4.2): multi-line, any chunking, any bytes in the text, bounded. Takes what Postfix' client
// takes: a tab behind the code, lines with different codes, of which the last one counts, lines longer than anybody wants to read. Pure; fed by
// smtp/client/connection, which asks for one reply at a time so that what stands behind a reply can still be seen before anything is sent.

import { Octets } from '../../base/octets.ts';
import type { Reply } from './reply.ts';

export type ParseResult =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** No complete reply yet. */
  | { readonly kind: 'more' }
  /** Not SMTP, or too long: the connection is of no use any more. */
  | { readonly kind: 'garbage'; readonly error: string };

/** RFC 5321 section 4.5.3.1.5 says 512; real servers send more. What is longer is cut: the code counts. */
const LONGEST_LINE = 4096;
const LONGEST_REPLY = 65_536;
const LF = 10;
const CR = 13;
const TAB = 9;
const BLANK = 32;
const HYPHEN = 45;
const ZERO = 48;
/** A last line whose end never came: its text may be cut, its code is not. */
const UNFINISHED = /^[2-5]\d\d[ \t]/;
const MORE: ParseResult = { kind: 'more' };

export class ReplyParser {
  /** What was received and not given out. Copied: it may lie where the next read goes. */
  readonly #bytes = new Octets(true);
  /** Offsets in it: of the reply being read, of its first line not looked at, and up to where there is no LF. */
  #start = 0;
  #next = 0;
  #scanned = 0;

  /** Adds what was received. */
  push(chunk: Buffer): void {
    if (this.#start > 0) {
      const rest = this.#bytes.take();
      this.#bytes.add(rest, this.#start);
      this.#next -= this.#start;
      this.#scanned -= this.#start;
      this.#start = 0;
    }
    this.#bytes.add(chunk);
  }

  /** Bytes received and not given out as replies. */
  get held(): number {
    return this.#bytes.length - this.#start;
  }

  /** True when nothing is waiting to be read. */
  get empty(): boolean {
    return this.#start >= this.#bytes.length;
  }

  /** Forgets everything received and not read yet. */
  clear(): void {
    this.#bytes.clear();
    this.#start = this.#next = this.#scanned = 0;
  }

  /** Takes the next complete reply. */
  next(): ParseResult {
    if (this.empty) return MORE;
    const bytes = this.#bytes.view;
    for (;;) {
      const end = bytes.indexOf(LF, this.#scanned);
      if (end < 0) {
        this.#scanned = bytes.length;
        if (bytes.length - this.#start > LONGEST_REPLY) return this.#garbage('a reply is too long');
        if (bytes.length - this.#next > LONGEST_LINE && codeAt(bytes, this.#next, bytes.length) === undefined)
          return this.#garbage('a line that is no reply is too long');
        return MORE;
      }
      const from = this.#next;
      const to = end > from && bytes[end - 1] === CR ? end - 1 : end;
      const code = codeAt(bytes, from, to);
      const isLast = bytes[from + 3] !== HYPHEN;
      if (end + 1 - this.#start > LONGEST_REPLY) return this.#garbage('a reply is too long');
      if (code === undefined) return this.#garbage(`not an SMTP reply: ${excerpt(this.#line(to))}`);
      this.#next = this.#scanned = end + 1;
      if (isLast) return this.#reply(code, bytes);
    }
  }

  /**
   * Nothing more will come: the reply whose last line has no end, when its code and a blank are there. For whoever would have to take a yes
   * for a failure otherwise.
   */
  last(): Reply | undefined {
    const line = this.#line(this.#bytes.length);
    if (!UNFINISHED.test(line)) return undefined;
    this.#next = this.#bytes.length;
    const result = this.#reply(Number(line.slice(0, 3)), this.#bytes.view);
    return result.kind === 'reply' ? result.reply : undefined;
  }

  /** The line being read up to this offset. */
  #line(end: number): string {
    return this.#bytes.view.toString('latin1', this.#next, Math.min(end, this.#next + LONGEST_LINE));
  }

  #reply(code: number, bytes: Buffer): ParseResult {
    // Made of the octets only now: kept beside them it would cost a multiple.
    const text = wholeLines(bytes.toString('latin1', this.#start, this.#next));
    this.#start = this.#next;
    if (this.#start === bytes.length) this.clear();
    return { kind: 'reply', reply: { code, text } };
  }

  #garbage(error: string): ParseResult {
    this.clear();
    return { kind: 'garbage', error };
  }
}

/** The code of the line, 200 to 599, with nothing, a blank, a tab or a hyphen behind it; undefined when it is no line of a reply. */
function codeAt(bytes: Buffer, from: number, to: number): number | undefined {
  if (to - from < 3) return undefined;
  const hundreds = (bytes[from] ?? 0) - ZERO;
  const tens = (bytes[from + 1] ?? 0) - ZERO;
  const ones = (bytes[from + 2] ?? 0) - ZERO;
  if (hundreds < 2 || hundreds > 5 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return undefined;
  const behind = to - from === 3 ? BLANK : bytes[from + 3];
  if (behind !== BLANK && behind !== HYPHEN && behind !== TAB) return undefined;
  return 100 * hundreds + 10 * tens + ones;
}

/** The lines, each with CRLF, cut where they are too long, a blank behind the code. */
function wholeLines(raw: string): string {
  const { length } = raw;
  if (length <= LONGEST_LINE && raw.endsWith('\r\n') && raw.indexOf('\n') === length - 1 && raw[3] !== '\t')
    return raw;
  const lines = raw.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines
    .map((line) => line.replace(/\r$/, '').slice(0, LONGEST_LINE))
    .map((line) => `${line[3] === '\t' ? `${line.slice(0, 3)} ${line.slice(4)}` : line}\r\n`)
    .join('');
}

function excerpt(line: string): string {
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}...` : line);
}
