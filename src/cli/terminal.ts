// The terminal, or the pipe, that `smtpe talk` serves its session over. Writes at once and in order, so that replies stand where they were made
// among what the policy prints; shows a prompt only where somebody sits.
import { Duplex } from 'node:stream';
import type { Terminal } from '../smtp/server/interactive.ts';

export interface TerminalParts {
  readonly input: NodeJS.ReadStream | NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** Somebody sits there: prompts are shown. */
  readonly isTyped: boolean;
  readonly help: (topic: string) => string;
}

const LF = 10;
const CR = 13;

/**
 * Lines that are typed end in LF, and so do those of most files: SMTP knows CRLF only, and a dot on a line by itself would never be one. Input whose
 * first line ends in CRLF is what its author means it to be, octet for octet.
 */
class LineEnds {
  #isText: boolean | undefined;
  #last = 0;

  ofSmtp(chunk: Buffer): Buffer {
    const first = chunk.indexOf(LF);
    if (this.#isText === undefined && first >= 0)
      this.#isText = (first === 0 ? this.#last : chunk[first - 1]) !== CR;
    const before = this.#last;
    this.#last = chunk.at(-1) ?? before;
    if (this.#isText !== true) return chunk;
    const text = chunk.toString('latin1').replace(/\r?\n/g, '\r\n');
    // The CR of a CRLF that comes in two pieces is there already.
    return Buffer.from(before === CR && chunk[0] === LF ? text.slice(1) : text, 'latin1');
  }
}

const prompts = { line: 'smtpe> ', more: '    >> ', content: '' } as const;

export class TalkTerminal implements Terminal {
  readonly #parts: TerminalParts;
  /** A line came, or nothing was asked yet. */
  #due = true;
  readonly #lines = new LineEnds();
  /** What comes next belongs to a message that has no dot yet. */
  isInContent = false;
  /** There is no more input; an interrupted session may still have had some. */
  hasEnded = false;
  readonly stream: Duplex;

  constructor(parts: TerminalParts) {
    this.#parts = parts;
    const { input, output } = parts;
    this.stream = new Duplex({
      allowHalfOpen: true,
      read: () => void input.resume(),
      // Handed on at once: what Lua prints goes to the same place without us.
      write: (chunk: Buffer, _encoding, done) => {
        output.write(chunk);
        done();
      },
      destroy: (error, done) => {
        input.pause();
        done(error);
      },
    });
    input.on('data', (chunk: Buffer) => {
      this.#due = true;
      if (!this.stream.push(this.#lines.ofSmtp(chunk))) input.pause();
    });
    input.on('end', () => {
      this.hasEnded = true;
      this.stream.push(null);
    });
    input.on('error', (error: Error) => void this.stream.destroy(error));
  }

  /** Says something of its own; a line without its end. */
  say(text: string): void {
    this.#parts.output.write(`-- ${text}\n`);
  }

  help(topic: string): string {
    return this.#parts.help(topic);
  }

  waits(what: 'line' | 'more' | 'content'): void {
    this.isInContent = what === 'content';
    if (!this.#due || !this.#parts.isTyped) return;
    this.#due = false;
    this.#parts.output.write(prompts[what]);
  }
}
