// A small SMTP client for tests: sends bytes as given, reads whole replies. No checks of its own.
import { connect, type Socket } from 'node:net';

const LAST_LINE = /^\d{3}(?: [^\n]*)?\r?\n$/;

export class SmtpClient {
  readonly socket: Socket;
  #received = '';
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#wake?.();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', end);
  }

  static connect(port: number, localAddress = '127.0.0.1', host = '127.0.0.1'): Promise<SmtpClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host, ...(host.includes(':') ? {} : { localAddress }) });
      socket.once('connect', () => {
        socket.setNoDelay(true);
        resolve(new SmtpClient(socket));
      });
      socket.once('error', reject);
    });
  }

  /** The next complete reply with its line ends; what was left over when the server closed. */
  async reply(): Promise<string> {
    for (;;) {
      let at = 0;
      for (;;) {
        const end = this.#received.indexOf('\n', at);
        if (end < 0) break;
        const line = this.#received.slice(at, end + 1);
        at = end + 1;
        if (LAST_LINE.test(line)) {
          const whole = this.#received.slice(0, at);
          this.#received = this.#received.slice(at);
          return whole;
        }
      }
      if (this.#ended) {
        const rest = this.#received;
        this.#received = '';
        return rest;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The server has closed the connection, as far as it is known here. */
  get ended(): boolean {
    return this.#ended;
  }

  write(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  async command(line: string): Promise<string> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    while (!this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** EHLO, MAIL, RCPT, DATA; the replies in order. */
  async envelope(
    sender = 'a@example.com',
    recipients: readonly string[] = ['b@example.net'],
  ): Promise<readonly string[]> {
    const replies = [await this.reply(), await this.command('EHLO client.example')];
    replies.push(await this.command(`MAIL FROM:<${sender}>`));
    for (const recipient of recipients) replies.push(await this.command(`RCPT TO:<${recipient}>`));
    replies.push(await this.command('DATA'));
    return replies;
  }
}

/** A message as it goes over the wire: dots stuffed, final CRLF and dot added. `content` has CRLF line ends or bare ones as wished. */
export function onTheWire(content: Buffer): Buffer {
  const text = content.toString('latin1').replace(/(^|\r\n)\./g, '$1..');
  const end = text === '' || text.endsWith('\r\n') ? '.\r\n' : '\r\n.\r\n';
  return Buffer.from(text + end, 'latin1');
}
