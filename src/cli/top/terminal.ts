// The terminal of `smtpe top`: a screen of its own, keys as they are pressed, and everything as it was when it is left, however that is.
export type Key = 'up' | 'down' | 'enter' | 'escape' | 'erase' | 'interrupt' | { readonly text: string };

const names: Readonly<Record<string, Key>> = {
  '\x1b[A': 'up',
  '\x1bOA': 'up',
  '\x1b[B': 'down',
  '\x1bOB': 'down',
  '\r': 'enter',
  '\n': 'enter',
  '\x1b': 'escape',
  '\x7f': 'erase',
  '\b': 'erase',
  '\x03': 'interrupt',
};

/** What was pressed; of other control sequences nothing. */
export function readKeys(text: string): readonly Key[] {
  const pieces = text.match(/\x1b(?:\[[0-9;]*[ -/]*[@-~]|O[A-Z])|[\s\S]/g) ?? [];
  return pieces.flatMap((piece) => {
    const known = names[piece];
    if (known !== undefined) return [known];
    return /^[ -~]$/.test(piece) ? [{ text: piece }] : [];
  });
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export class Terminal {
  readonly #input: NodeJS.ReadStream;
  readonly #output: NodeJS.WriteStream;
  readonly #leave = (): void => this.close();
  #open = false;

  constructor(input: NodeJS.ReadStream = process.stdin, output: NodeJS.WriteStream = process.stdout) {
    this.#input = input;
    this.#output = output;
  }

  get size(): Size {
    return { columns: this.#output.columns ?? 80, rows: this.#output.rows ?? 24 };
  }

  /** `pressed` is told keys, `resized` that the size is another one, `gone` that nobody is there any more. */
  open(heard: { pressed(key: Key): void; resized(): void; gone(): void }): void {
    this.#open = true;
    process.on('exit', this.#leave);
    this.#output.write('\x1b[?1049h\x1b[?25l');
    this.#output.on('resize', heard.resized);
    this.#output.on('error', heard.gone);
    if (this.#input.isTTY) this.#input.setRawMode(true);
    this.#input.setEncoding('latin1');
    this.#input.on('data', (text: string) => {
      for (const key of readKeys(text)) heard.pressed(key);
    });
    this.#input.on('end', heard.gone);
    this.#input.resume();
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(signal, heard.gone);
  }

  /** Lines of printable ASCII; one of them is marked. */
  show(lines: readonly string[], marked = -1): void {
    if (!this.#open) return;
    const text = lines.map((line, i) => `${i === marked ? `\x1b[7m${line}\x1b[27m` : line}\x1b[K`);
    this.#output.write(`\x1b[H${text.join('\r\n')}\x1b[J`);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    process.off('exit', this.#leave);
    if (this.#input.isTTY) this.#input.setRawMode(false);
    this.#input.pause();
    this.#output.write('\x1b[?25h\x1b[?1049l');
  }
}
