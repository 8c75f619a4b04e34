// A client of a TCP service, for tests: sends octets as given, reads lines, or all until the end.
import { connect, type Socket } from 'node:net';

export class LineClient {
  readonly socket: Socket;
  #text = '';
  #ended = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    const wake = (): void => this.#wake?.();
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
      wake();
    });
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.#ended = true;
        wake();
      });
    }
  }

  static connect(port: number, address = '127.0.0.1'): Promise<LineClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: address, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.setNoDelay(true);
        resolve(new LineClient(socket));
      });
    });
  }

  write(octets: string): void {
    this.socket.write(octets, 'latin1');
  }

  /** Sends a line and gives the next one. */
  ask(line: string): Promise<string> {
    this.write(`${line}\r\n`);
    return this.line();
  }

  /** Closes our side. */
  end(octets = ''): void {
    this.socket.end(octets, 'latin1');
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** What is there at this moment. */
  get buffered(): string {
    return this.#text;
  }

  get isOver(): boolean {
    return this.#ended;
  }

  /** The next line without its end; `<closed>` where there is none. */
  async line(): Promise<string> {
    for (;;) {
      const at = this.#text.indexOf('\n');
      if (at >= 0) {
        const line = this.#text.slice(0, at);
        this.#text = this.#text.slice(at + 1);
        return line.replace(/\r$/, '');
      }
      if (this.#ended) {
        const rest = this.#text;
        this.#text = '';
        return rest || '<closed>';
      }
      await this.#more();
    }
  }

  /** Lines up to this one, and it. */
  async linesTo(last: string): Promise<readonly string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      lines.push(line);
      if (line === last || line === '<closed>') return lines;
    }
  }

  /** All until the server closes. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#more();
    const text = this.#text;
    this.#text = '';
    return text;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
