// Reads the replies of a next hop (RFC 5321 section 4.2): multi-line, any chunking, any bytes in the text, bounded. Pure; fed by
// forward/connection, which asks for one reply at a time so that what stands behind a reply can still be thrown away (STARTTLS).

import { Octets } from '../base/octets.ts';

export interface Reply {
  /** 200 to 599. */
  readonly code: number;
  /** Whole lines with their code, without line ends; latin1. */
  readonly lines: readonly string[];
}

/** The whole reply, lines joined by LF. */
export function replyText(reply: Reply): string {
  return reply.lines.join('\n');
}

export type ParseResult =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** No complete reply yet. */
  | { readonly kind: 'more' }
  /** Not SMTP, or too long: the connection is of no use any more. */
  | { readonly kind: 'garbage'; readonly error: string };

/** RFC 5321 section 4.5.3.1.5 says 512; real servers send more. */
const MAX_LINE = 4096;
const MAX_REPLY = 65_536;
const LF = 10;
const CR = 13;
const LINE_END = /\r?\n/;
const REPLY_LINE = /^([2-5]\d\d)(?:([ -])|$)/;
const MORE: ParseResult = { kind: 'more' };

export class ReplyParser {
  /** What was received and not given out. */
  readonly #bytes = new Octets();
  /** Offsets in it: of the reply being read, of its first line not looked at, and up to where there is no LF. */
  #start = 0;
  #next = 0;
  #scanned = 0;
  /** The code of the reply being read; '' before its first line. */
  #code = '';

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
    this.#code = '';
  }

  /** Takes the next complete reply. */
  next(): ParseResult {
    const bytes = this.#bytes.view;
    for (;;) {
      const end = bytes.indexOf(LF, this.#scanned);
      if (end < 0) {
        this.#scanned = bytes.length;
        if (bytes.length - this.#next > MAX_LINE) return this.#garbage('a reply line is too long');
        return MORE;
      }
      const line = bytes.toString(
        'latin1',
        this.#next,
        end > this.#next && bytes[end - 1] === CR ? end - 1 : end,
      );
      const before = this.#next;
      this.#next = this.#scanned = end + 1;
      if (line.length > MAX_LINE) return this.#garbage('a reply line is too long');
      if (this.#next - this.#start > MAX_REPLY) return this.#garbage('a reply is too long');
      const match = REPLY_LINE.exec(line);
      if (match === null) return this.#garbage(`not an SMTP reply: ${excerpt(line)}`);
      const code = match[1] as string;
      if (this.#code !== '' && this.#code !== code) {
        const first = bytes.toString('latin1', this.#start, before).split(LINE_END, 1)[0] ?? '';
        return this.#garbage(`a reply with two codes: ${excerpt(first)} and ${excerpt(line)}`);
      }
      this.#code = code;
      if (match[2] === '-') continue;
      const lines =
        before === this.#start
          ? [line]
          : [...bytes.toString('latin1', this.#start, before).split(LINE_END).slice(0, -1), line];
      this.#code = '';
      this.#start = this.#next;
      if (this.#start === bytes.length) this.clear();
      return { kind: 'reply', reply: { code: Number(code), lines } };
    }
  }

  #garbage(error: string): ParseResult {
    this.clear();
    return { kind: 'garbage', error };
  }
}

function excerpt(line: string): string {
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}...` : line);
}
