// The next hop of the chaos run: takes everything, and notes the token of each message when it says 250.
import { createServer, type Server, type Socket } from 'node:net';
import type { ChaosRecord } from './record.ts';

export class ChaosHop {
  readonly #record: ChaosRecord;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  port = 0;

  constructor(record: ChaosRecord) {
    this.#record = record;
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address !== null && typeof address === 'object') this.port = address.port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    let buffer = '';
    let inData = false;
    socket.write('220 hop ESMTP\r\n');
    socket.on('data', (chunk: Buffer) => {
      buffer += chunk.toString('latin1');
      for (;;) {
        const end = buffer.indexOf(inData ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const text = buffer.slice(0, end);
        buffer = buffer.slice(end + (inData ? 5 : 2));
        if (inData) {
          inData = false;
          this.#record.arrived(/^X-Token: (\S+)/m.exec(text)?.[1] ?? 'none');
          socket.write('250 2.0.0 taken\r\n');
          continue;
        }
        const verb = text.slice(0, 4).toUpperCase();
        inData = verb === 'DATA';
        if (verb === 'QUIT') socket.end('221 bye\r\n');
        else
          socket.write(
            inData ? '354 go\r\n' : verb === 'EHLO' ? '250-hop\r\n250 PIPELINING\r\n' : '250 ok\r\n',
          );
      }
    });
  }
}
