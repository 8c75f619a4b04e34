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

const prompts = { line: 'smtpe> ', more: '    >> ', content: '' } as const;

export class TalkTerminal implements Terminal {
  readonly #parts: TerminalParts;
  /** A line came, or nothing was asked yet. */
  #due = true;
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
      if (!this.stream.push(chunk)) input.pause();
    });
    input.on('end', () => void this.stream.push(null));
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
    if (!this.#due || !this.#parts.isTyped) return;
    this.#due = false;
    this.#parts.output.write(prompts[what]);
  }
}
