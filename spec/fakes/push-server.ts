// A web server that push scripts tell, as somebody would run one: keeps what it is told, answers as a spec says.
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitUntil } from './wait-until.ts';

export interface Told {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Octets. */
  readonly body: string;
}

export class PushServer {
  readonly told: Told[] = [];
  /** Requests get no answer until `answer`. */
  silent = false;
  readonly #held: ServerResponse[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const { headers, method = '', url: path = '' } = request;
        this.told.push({ method, path, headers, body: Buffer.concat(pieces).toString('latin1') });
        if (this.silent) this.#held.push(response);
        else response.end('noted');
      });
    });
  }

  static async start(): Promise<PushServer> {
    const server = new PushServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Until it was told so often. */
  async hears(count: number): Promise<readonly Told[]> {
    await waitUntil(() => {
      if (this.told.length < count) throw new Error(`told ${this.told.length} of ${count} times`);
    });
    return this.told;
  }

  /** Those that wait, and all to come. */
  answer(): void {
    this.silent = false;
    for (const response of this.#held.splice(0)) response.end('noted');
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
