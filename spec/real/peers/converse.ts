// One input against one server: the session up to its place, the input, QUIT; the answer is the class of each reply to the input.
import { connect, type Socket } from 'node:net';
import { type Place, setups } from './inputs.ts';

/** How long a server may be silent before the client says that it will say no more. */
const PATIENCE_MS = 3000;
const LAST_LINE = /^(\d)\d\d(?: [^\n]*)?\r?$/gm;

class Client {
  readonly #socket: Socket;
  #text = '';
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk) => {
      this.#text += chunk.toString('latin1');
      this.#wake?.();
    });
    for (const event of ['end', 'close', 'error'] as const) {
      this.#socket.on(event, () => {
        this.#ended = true;
        this.#wake?.();
      });
    }
  }

  send(text: string): void {
    this.#socket.write(Buffer.from(text, 'latin1'));
  }

  /** Classes of all whole replies so far. */
  get classes(): readonly string[] {
    return [...this.#text.slice(0, this.#text.lastIndexOf('\n') + 1).matchAll(LAST_LINE)].map(
      (match) => match[1] ?? '',
    );
  }

  get ended(): boolean {
    return this.#ended;
  }

  async replies(count: number): Promise<void> {
    while (this.classes.length < count && !this.#ended) await this.#more(15_000);
  }

  /** Until the server closes; one that waits for more hears, after a while, that there is none. */
  async rest(): Promise<void> {
    for (let told = false; !this.#ended; ) {
      if (await this.#more(told ? 15_000 : PATIENCE_MS)) continue;
      if (told) throw new Error(`no end: ${this.#text}`);
      told = true;
      this.#socket.end();
    }
    this.#socket.destroy();
  }

  #more(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
      if (this.#ended) this.#wake();
    });
  }
}

/** E.g. `5 2`: the input was refused, QUIT was taken. */
export async function converse(port: number, place: Place, input: string): Promise<string> {
  const client = new Client(port);
  await client.replies(1);
  const setup = setups[place];
  for (const [i, line] of setup.entries()) {
    client.send(`${line}\r\n`);
    await client.replies(i + 2);
  }
  const before = setup.length + 1;
  if (client.classes.length !== before || client.classes.some((one) => one > '3')) {
    throw new Error(`cannot come to ${place}: ${client.classes.join(' ')}`);
  }
  client.send(input.endsWith('\n') ? input : `${input}\r\n`);
  client.send('QUIT\r\n');
  await client.rest();
  return client.classes.slice(before).join(' ');
}
