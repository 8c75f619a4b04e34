// Says IMAP to a real server: commands, and all lines of their answers. Literals of answers are lines among them.
import { connect, type Socket } from 'node:net';

export class ImapClient {
  readonly #socket: Socket;
  #text = '';
  #count = 0;
  #wake: () => void = () => undefined;
  #ended = false;

  private constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (piece: Buffer) => {
      this.#text += piece.toString('latin1');
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    this.#socket.on('error', end);
    this.#socket.on('close', end);
  }

  static async logIn(port: number, user: string): Promise<ImapClient> {
    const client = new ImapClient(port);
    await client.#until(/^\* OK [^\n]*\n/);
    await client.command(`LOGIN ${user} x`);
    return client;
  }

  /** The lines of its answer; throws when it is not OK. */
  async command(text: string, literal?: string): Promise<readonly string[]> {
    const tag = `t${++this.#count}`;
    const end = literal === undefined ? '' : ` {${Buffer.byteLength(literal, 'latin1')}+}\r\n${literal}`;
    this.#socket.write(Buffer.from(`${tag} ${text}${end}\r\n`, 'latin1'));
    const answer = await this.#until(new RegExp(`^${tag} [^\n]*\n`, 'm'));
    const lines = answer.trimEnd().split('\r\n');
    if (!lines.at(-1)?.startsWith(`${tag} OK`)) throw new Error(`${text}: ${lines.at(-1)}`);
    return lines;
  }

  async #until(end: RegExp): Promise<string> {
    for (;;) {
      const match = end.exec(this.#text);
      if (match !== null) {
        const answer = this.#text.slice(0, match.index + match[0].length);
        this.#text = this.#text.slice(answer.length);
        return answer;
      }
      if (this.#ended) throw new Error(`the server has closed: ${this.#text}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** What FETCH (UID FLAGS ... BODY.PEEK[HEADER.FIELDS (X-Number)]) says of each message. */
export interface Fetched {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly size: number;
  readonly number: string;
}

export async function fetchAll(client: ImapClient): Promise<readonly Fetched[]> {
  await client.command('NOOP');
  const items = '(UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (X-Number)])';
  const lines = await client.command(`UID FETCH 1:* ${items}`);
  return lines
    .join('\n')
    .split(/^(?=\* \d+ FETCH )/m)
    .filter((part) => /^\* \d+ FETCH .*UID /.test(part))
    .map((part) => ({
      uid: Number(/UID (\d+)/.exec(part)?.[1]),
      flags: (/FLAGS \(([^)]*)\)/.exec(part)?.[1] ?? '')
        .split(' ')
        .filter((flag) => flag !== '' && flag !== '\\Recent'),
      size: Number(/RFC822\.SIZE (\d+)/.exec(part)?.[1]),
      number: /^X-Number: (\S+)$/m.exec(part)?.[1] ?? '',
    }));
}
