// The next hop of the soak: takes messages for days in little memory (only their numbers are kept), checks that each is whole, and fails
// in every way now and then. Two of them stand behind the server, so that fail-over is exercised too.
import { createHash } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { Seeded } from '../../fakes/seeded.ts';

/** What the sinks have seen, by number of the message. */
export class Received {
  /** How often each was answered 250. */
  readonly taken = new Map<number, number>();
  /** Came in whole, and was then not answered 250. */
  readonly refused = new Set<number>();
  readonly problems: string[] = [];
  bytes = 0;

  problem(text: string): void {
    if (this.problems.length < 20) this.problems.push(text);
  }
}

const END = Buffer.from('\r\n.\r\n');

export class Sink {
  readonly #server: Server;
  readonly #received: Received;
  readonly #random: Seeded;
  readonly #sockets = new Set<Socket>();
  /** While true, connections and messages meet every kind of failure. */
  failing = false;

  constructor(received: Received, random: Seeded) {
    this.#received = received;
    this.#random = random;
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** True when this step is to fail; then something bad has been done to the client already. */
  #fails(socket: Socket, step: string): boolean {
    if (!this.failing || !this.#random.oneIn(6)) return false;
    switch (this.#random.below(4)) {
      case 0:
        socket.destroy();
        break;
      case 1:
        socket.resetAndDestroy();
        break;
      case 2:
        socket.end(`421 4.3.2 ${step}: going down\r\n`);
        break;
      default:
        socket.write(`451 4.3.0 ${step}: not now\r\n`);
    }
    return true;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    if (this.#fails(socket, 'banner')) return;
    socket.write('220 sink ESMTP\r\n');
    let text = '';
    let content: Buffer[] | undefined;
    let tail = Buffer.from('\r\n');
    socket.on('data', (chunk: Buffer) => {
      let rest = chunk;
      while (rest.length > 0) {
        if (content !== undefined) {
          // The end may lie across two chunks.
          const seen = Buffer.concat([tail, rest]);
          const end = seen.indexOf(END);
          if (end < 0) {
            content.push(rest);
            tail = seen.subarray(-4);
            return;
          }
          const used = end + END.length - tail.length;
          content.push(rest.subarray(0, used));
          rest = rest.subarray(used);
          const whole = content;
          content = undefined;
          this.#message(socket, Buffer.concat(whole));
          continue;
        }
        text += rest.toString('latin1');
        rest = Buffer.alloc(0);
        for (let end = text.indexOf('\n'); end >= 0 && content === undefined; end = text.indexOf('\n')) {
          const line = text.slice(0, end).trimEnd().toUpperCase();
          text = text.slice(end + 1);
          if (!this.#command(socket, line)) continue;
          content = [];
          tail = Buffer.from('\r\n');
          rest = Buffer.from(text, 'latin1');
          text = '';
        }
      }
    });
  }

  /** True when a message follows. */
  #command(socket: Socket, line: string): boolean {
    const [verb = ''] = line.split(/[ :]/, 1);
    if (verb === 'QUIT') {
      socket.end('221 bye\r\n');
      return false;
    }
    if (this.#fails(socket, verb)) return false;
    if (verb === 'EHLO') socket.write('250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n');
    else socket.write(verb === 'DATA' ? '354 go\r\n' : '250 ok\r\n');
    return verb === 'DATA';
  }

  #message(socket: Socket, wire: Buffer): void {
    const content = wire
      .toString('latin1')
      .slice(0, -3)
      .replace(/(^|\r\n)\./g, '$1');
    const received = this.#received;
    received.bytes += content.length;
    const number = Number(/^X-Soak: (\d+)\r$/m.exec(content.slice(0, 2000))?.[1]);
    const digest = /^X-Digest: ([0-9a-f]+)\r$/m.exec(content.slice(0, 2000))?.[1];
    const body = content.slice(content.indexOf('\r\n\r\n') + 4);
    if (createHash('md5').update(body, 'latin1').digest('hex') !== digest) {
      received.problem(`message ${number} arrived changed (${body.length} bytes)`);
    }
    if (/[^\r]\n|\r[^\n]/.test(content)) received.problem(`message ${number} arrived with a bare CR or LF`);
    if (this.#fails(socket, 'dot')) {
      received.refused.add(number);
      return;
    }
    received.taken.set(number, (received.taken.get(number) ?? 0) + 1);
    if (!socket.destroyed) socket.write('250 2.0.0 queued\r\n');
  }
}
