// The next hop of the soak run: two addresses of one server that compares what it takes, and now and then refuses, closes, waits or
// falls silent at any step. It keeps nothing of a message but the number of its arrivals.
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Seeded } from '../../fakes/seeded.ts';
import type { Ledger, Sent } from './ledger.ts';

const REPLIES: Readonly<Record<string, string>> = {
  banner: '220 soak ESMTP',
  ehlo: '250-soak\r\n250 SIZE',
  helo: '250 soak',
  mail: '250 ok',
  rcpt: '250 ok',
  data: '354 go',
  rset: '250 ok',
  noop: '250 ok',
  quit: '221 bye',
};

export interface HopFaults {
  /** One of so many steps goes wrong; 0: none. */
  every: number;
}

export class SoakHop {
  readonly faults: HopFaults = { every: 150 };
  /** Steps that went wrong, by kind. */
  readonly done = new Map<string, number>();
  connections = 0;
  readonly #server: Server;
  /** With the message whose 250 was the last thing said: when the connection breaks now, the reply may be lost. */
  readonly #sockets = new Map<Socket, Sent | undefined>();
  readonly #ledger: Ledger;
  readonly #random: Seeded;
  port = 0;

  constructor(ledger: Ledger, random: Seeded) {
    this.#ledger = ledger;
    this.#random = random;
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.connections++;
      this.#sockets.set(socket, undefined);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#converse(socket)
        .catch((error: unknown) => {
          if (!socket.destroyed) this.#ledger.complain(`next hop: ${String(error)}`);
        })
        // After the last word: what still comes goes nowhere, so that the end of the connection is noticed.
        .finally(() => socket.resume());
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    const address = this.#server.address();
    if (address !== null && typeof address === 'object') this.port = address.port;
  }

  /** Nobody listens, and all connections break off. */
  async disappear(): Promise<void> {
    this.#count('gone');
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const [socket, message] of this.#sockets) {
      if (message !== undefined) message.cutAfterDot = true;
      socket.resetAndDestroy();
    }
    await closed;
  }

  #count(kind: string): void {
    this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
  }

  /** Says `reply`, or does something worse; false: nothing more is to be said. */
  async #step(
    socket: Socket,
    stage: string,
    reply: string,
    cutting?: () => void,
  ): Promise<string | undefined> {
    const { every } = this.faults;
    if (every === 0 || this.#random.below(every) !== 0) return this.#say(socket, reply);
    const kind = ['4xx', '5xx', 'close', 'reset', 'delay', 'delay', 'part', 'hang'][this.#random.below(8)];
    this.#count(`${kind} at ${stage}`);
    switch (kind) {
      case '4xx':
        return this.#say(socket, stage === 'banner' ? '421 4.3.2 later' : '451 4.3.0 later');
      case '5xx':
        return this.#say(socket, '554 5.0.0 no');
      case 'delay':
        await wait(this.#random.below(2000));
        return this.#say(socket, reply);
      case 'part':
        cutting?.();
        socket.end(reply.slice(0, 2));
        return undefined;
      case 'hang':
        cutting?.();
        return undefined;
      case 'reset':
        cutting?.();
        socket.resetAndDestroy();
        return undefined;
      default:
        cutting?.();
        socket.end();
        return undefined;
    }
  }

  #say(socket: Socket, reply: string): string | undefined {
    if (socket.destroyed || !socket.writable) return undefined;
    socket.write(`${reply}\r\n`);
    return reply;
  }

  async #converse(socket: Socket): Promise<void> {
    if ((await this.#step(socket, 'banner', REPLIES.banner ?? '')) === undefined) return;
    let text: Buffer = Buffer.alloc(0);
    let pieces: Buffer[] | undefined;
    let tail = Buffer.from('\r\n');
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (pieces === undefined) text = text.length === 0 ? chunk : Buffer.concat([text, chunk]);
      else {
        pieces.push(chunk);
        const near = Buffer.concat([tail, chunk]);
        tail = near.subarray(-4);
        if (this.faults.every > 0 && this.#random.below(this.faults.every * 60) === 0) {
          this.#count('reset in content');
          socket.resetAndDestroy();
          return;
        }
        if (near.indexOf('\r\n.\r\n') < 0) continue;
        const all = Buffer.concat([Buffer.from('\r\n'), ...pieces]);
        const end = all.indexOf('\r\n.\r\n');
        pieces = undefined;
        text = all.subarray(end + 5);
        if (!(await this.#dot(socket, all.subarray(2, end + 2)))) return;
      }
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const verb = text.subarray(0, 4).toString('latin1').toLowerCase();
        text = text.subarray(end + 1);
        this.#sockets.set(socket, undefined);
        const said = await this.#step(socket, verb, REPLIES[verb] ?? '502 5.5.1 unknown');
        if (said === undefined) return;
        if (verb === 'quit') {
          socket.end();
          return;
        }
        if (verb !== 'data' || !said.startsWith('354')) continue;
        pieces = text.length === 0 ? [] : [text];
        tail = Buffer.concat([Buffer.from('\r\n'), text]).subarray(-4);
        text = Buffer.alloc(0);
        if (pieces.length > 0) throw new Error('content sent before 354');
        break;
      }
    }
  }

  async #dot(socket: Socket, stuffed: Buffer): Promise<boolean> {
    const content = unstuff(stuffed);
    const message: Sent | undefined = this.#ledger.find(content);
    const said = await this.#step(socket, 'dot', '250 queued', () => {
      if (message !== undefined) message.cutAfterDot = true;
    });
    if (said?.startsWith('250') === true && message !== undefined) {
      message.arrivals++;
      this.#sockets.set(socket, message);
      this.#ledger.arrived++;
      this.#ledger.bytes += content.length;
    } else if (said === undefined && message !== undefined) message.cutAfterDot = true;
    return said !== undefined;
  }
}

/** Takes one dot away from lines that begin with one; linear. */
function unstuff(stuffed: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let from = stuffed[0] === 46 ? 1 : 0;
  for (let at = stuffed.indexOf('\r\n.', from); at >= 0; at = stuffed.indexOf('\r\n.', from)) {
    pieces.push(stuffed.subarray(from, at + 2));
    from = at + 3;
  }
  pieces.push(stuffed.subarray(from));
  return Buffer.concat(pieces);
}
