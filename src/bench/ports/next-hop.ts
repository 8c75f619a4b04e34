// A scripted next hop: a server whose connections answer as told (hop-script.ts). Lets tests wait for what they need instead of sleeping.
import { createServer, type Server, type Socket } from 'node:net';
import { HopPeer } from './hop-peer.ts';
import { DEFAULTS, type HopConnection, type HopReply, type HopScript, type HopStage } from './hop-script.ts';

export type { HopAction, HopConnection, HopReply, HopScript, HopStage } from './hop-script.ts';

/** A port of 127.0.0.1 where nothing listens ("refused" in the recorded scripts). */
export async function refusedPort(): Promise<number> {
  const hop = await NextHop.start();
  await hop.close();
  return hop.port;
}

export class NextHop {
  readonly connections: HopConnection[] = [];
  readonly #server: Server;
  readonly #script: HopScript;
  readonly #used = new Map<HopStage, number>();
  readonly #sockets = new Set<Socket>();
  #waiting: (() => void)[] = [];

  private constructor(script: HopScript) {
    this.#script = script;
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.connections.push(
        new HopPeer(
          socket,
          this.#script,
          (stage) => this.#next(stage),
          () => this.#notify(),
        ),
      );
      this.#notify();
    });
  }

  /** `port`: one that was free a moment ago, for a hop that comes back; 0 takes any. */
  static async start(script: HopScript = {}, address = '127.0.0.1', port = 0): Promise<NextHop> {
    const hop = new NextHop(script);
    await new Promise<void>((resolve, reject) => {
      hop.#server.once('error', reject);
      if (address.startsWith('/')) hop.#server.listen(address, resolve);
      else hop.#server.listen(port, address, resolve);
    });
    return hop;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') return this.#port;
    this.#port = address.port;
    return address.port;
  }
  #port = 0;

  /** `127.0.0.1:port`, as in host lists. */
  get target(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** All commands of all connections in order of connections. */
  get commands(): readonly string[] {
    return this.connections.flatMap((connection) => connection.commands);
  }

  /** Resolves when the condition holds; checked after every event. */
  async until(condition: (hop: NextHop) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Resolves when a connection has received this command (its beginning). */
  saw(command: string): Promise<void> {
    return this.until(() => this.commands.some((line) => line.startsWith(command)));
  }

  /** Resolves when all connections are closed, at least `count` having been made. */
  allClosed(count = 1): Promise<void> {
    return this.until(() => this.connections.length >= count && this.connections.every((one) => one.closed));
  }

  /** Sends something nobody asked for on the newest connection. */
  say(text: string): void {
    (this.connections.at(-1) as HopPeer | undefined)?.say(text);
  }

  /** Ends all connections (FIN) without listening any less. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.end();
  }

  /** Reads on where the script said `pause`; without it a paused connection does not even notice that it was closed. */
  resume(): void {
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    void this.port;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #next(stage: HopStage): HopReply {
    const scripted = this.#script[stage];
    if (scripted === undefined) return DEFAULTS[stage];
    if (!Array.isArray(scripted)) return scripted as HopReply;
    const used = this.#used.get(stage) ?? 0;
    this.#used.set(stage, used + 1);
    return (scripted as readonly HopReply[])[Math.min(used, scripted.length - 1)] ?? null;
  }

  #notify(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
