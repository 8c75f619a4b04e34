// A program that a test starts: its output as it comes, its end.
import {
  type ChildProcessWithoutNullStreams,
  type SpawnOptions,
  type StdioOptions,
  spawn,
} from 'node:child_process';
import { once } from 'node:events';
import { killChild } from '../../src/ops/kill-child.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Program {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  #over = false;
  readonly #waiting = new Set<() => void>();

  /** `descriptors` of this process are those from 3 on there. */
  constructor(
    command: string,
    args: readonly string[],
    options: SpawnOptions = {},
    descriptors: readonly number[] = [],
  ) {
    const stdio: StdioOptions = ['pipe', 'pipe', 'pipe', ...descriptors];
    const child = spawn(command, [...args], { ...options, stdio }) as ChildProcessWithoutNullStreams;
    this.#child = child;
    child.stdout.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString('latin1');
      this.#wake();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString('latin1');
      this.#wake();
    });
    child.stdin.on('error', () => undefined);
    this.ended = once(child, 'close').then(([code]: (number | null)[]) => {
      this.#over = true;
      this.#wake();
      return { code: code ?? null, stdout: this.stdout, stderr: this.stderr };
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('not started');
    return this.#child.pid;
  }

  get over(): boolean {
    return this.#over;
  }

  /** The match of a pattern in what it wrote to stdout and stderr so far or writes later. */
  async wrote(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match !== null) return match;
      if (this.#over) throw new Error(`ended without ${pattern}:\n${this.stdout}${this.stderr}`);
      await this.#more();
    }
  }

  /** It has written more, or is over. */
  #more(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }

  /** Until it has written what one waits for, or is over. */
  async wroteWhen(isEnough: () => boolean): Promise<void> {
    while (!isEnough() && !this.#over) await this.#more();
  }

  write(text: string): void {
    this.#child.stdin.write(text, 'latin1');
  }

  end(text = ''): void {
    this.#child.stdin.end(text, 'latin1');
  }

  /** Reads nothing it writes any more, until told to. */
  readOutput(on: boolean): void {
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (on) stream.resume();
      else stream.pause();
    }
  }

  signal(name: NodeJS.Signals): void {
    killChild(this.#child, name);
  }

  /** SIGTERM unless it is over, then wait. */
  async stop(): Promise<Ended> {
    if (!this.#over) killChild(this.#child);
    return this.ended;
  }
}
