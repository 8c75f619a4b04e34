// Reads the replies of a next hop (RFC 5321 section 4.2): multi-line, any chunking, any bytes in the text, bounded. Pure; fed by
// forward/connection, which asks for one reply at a time so that what stands behind a reply can still be thrown away (STARTTLS).

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
const REPLY_LINE = /^([2-5]\d\d)(?:([ -])|$)/;
const MORE: ParseResult = { kind: 'more' };

export class ReplyParser {
  #text = '';
  /** Where the next line starts, and up to where there is no LF. */
  #next = 0;
  #scanned = 0;
  #lines: string[] = [];
  #size = 0;

  /** Adds what was received. */
  push(chunk: Buffer): void {
    this.#text = this.#text.slice(this.#next) + chunk.toString('latin1');
    this.#scanned -= this.#next;
    this.#next = 0;
  }

  /** True when nothing is waiting to be read. */
  get empty(): boolean {
    return this.#next >= this.#text.length && this.#lines.length === 0;
  }

  /** Forgets everything received and not read yet. */
  clear(): void {
    this.#text = '';
    this.#next = 0;
    this.#scanned = 0;
    this.#lines = [];
    this.#size = 0;
  }

  /** Takes the next complete reply. */
  next(): ParseResult {
    for (;;) {
      const end = this.#text.indexOf('\n', this.#scanned);
      if (end < 0) {
        this.#scanned = this.#text.length;
        if (this.#text.length - this.#next > MAX_LINE) return this.#garbage('a reply line is too long');
        return MORE;
      }
      const line = this.#text.slice(
        this.#next,
        this.#text[end - 1] === '\r' && end > this.#next ? end - 1 : end,
      );
      this.#next = this.#scanned = end + 1;
      if (line.length > MAX_LINE) return this.#garbage('a reply line is too long');
      this.#size += line.length + 2;
      if (this.#size > MAX_REPLY) return this.#garbage('a reply is too long');
      const match = REPLY_LINE.exec(line);
      if (match === null) return this.#garbage(`not an SMTP reply: ${excerpt(line)}`);
      const first = this.#lines[0];
      if (first !== undefined && !first.startsWith(match[1] as string)) {
        return this.#garbage(`a reply with two codes: ${excerpt(first)} and ${excerpt(line)}`);
      }
      this.#lines.push(line);
      if (match[2] === '-') continue;
      const reply = { code: Number(match[1]), lines: this.#lines };
      this.#lines = [];
      this.#size = 0;
      return { kind: 'reply', reply };
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
