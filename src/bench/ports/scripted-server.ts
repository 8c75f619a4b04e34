// A server that does what a test says, byte by byte: a TCP port on loopback, or a unix socket. When script and client
// have both ended it closes. Counts what is open, so that tests can see
// that nothing was left behind.
import { createServer, type Server, type Socket } from 'node:net';

/** One connection as the script sees it. */
export class ServerConnection {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #pieces: Buffer[] = [];
  #size = 0;
  #ended = false;
  #wake: (() => void) | undefined;
  /** Resolves when the connection is closed on both sides. */
  readonly closed: Promise<void>;
  /** Resolves when the test lets go (quiet, close): a script that awaits it stays silent until then. */
  readonly hold: Promise<void>;

  constructor(socket: Socket, hold: Promise<void>) {
    this.socket = socket;
    this.hold = hold;
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (piece: Buffer) => {
      this.#pieces.push(piece);
      this.#size += piece.length;
      this.#wake?.();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#wake?.();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#ended = true;
        this.#wake?.();
        resolve();
      });
    });
  }

  /** Everything received so far. */
  get received(): Buffer {
    if (this.#pieces.length > 0) {
      this.#received = Buffer.concat([this.#received, ...this.#pieces]);
      this.#pieces = [];
    }
    return this.#received;
  }

  /** True when the other side has closed, or only its half. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Waits until `enough` says so of what was received, or the other side has closed. */
  async until(enough: (received: Buffer) => boolean): Promise<Buffer> {
    while (!this.#ended && !enough(this.received)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.received;
  }

  /** Waits for so many bytes, or until the other side has closed; cheap for megabytes. */
  async untilBytes(count: number): Promise<void> {
    while (!this.#ended && this.#size < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends and waits until it is on its way. */
  send(data: string | Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data, () => resolve());
    });
  }

  /** Sends the bytes one at a time. */
  async drip(data: string | Buffer): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    for (let i = 0; i < bytes.length; i++) await this.send(bytes.subarray(i, i + 1));
  }

  /** Closes with FIN. */
  end(): void {
    this.socket.end();
  }

  /** Closes with RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}

export type Script = (connection: ServerConnection, index: number) => void | Promise<void>;

export class ScriptedServer {
  readonly #server: Server;
  /** As a host list names it: `127.0.0.1:port`, or the path. */
  readonly host: string;
  readonly port: number;
  readonly connections: ServerConnection[] = [];
  readonly #release: () => void;

  constructor(server: Server, host: string, port: number, release: () => void) {
    this.#server = server;
    this.host = host;
    this.port = port;
    this.#release = release;
  }

  /** Connections that are not closed yet. */
  get open(): number {
    return this.connections.filter((connection) => !connection.socket.destroyed).length;
  }

  /** Lets scripts that hold go on, and waits until all connections are closed. */
  async quiet(): Promise<void> {
    this.#release();
    await Promise.all(this.connections.map((connection) => connection.closed));
  }

  async close(): Promise<void> {
    this.#release();
    for (const connection of this.connections) connection.socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Starts a server on a free port of `address`, or on the unix socket `address` when it begins with a slash. */
export async function startScripted(
  script: Script,
  address = '127.0.0.1',
  port = 0,
): Promise<ScriptedServer> {
  let scripted: ScriptedServer | undefined;
  let release = (): void => undefined;
  const hold = new Promise<void>((resolve) => {
    release = resolve;
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = new ServerConnection(socket, hold);
    const index = scripted?.connections.push(connection) ?? 0;
    let talked = false;
    const finish = (): void => {
      if (talked && connection.ended) socket.end();
    };
    socket.on('end', finish);
    void Promise.resolve(script(connection, index - 1)).then(() => {
      talked = true;
      finish();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (address.startsWith('/')) server.listen(address, resolve);
    else server.listen(port, address, resolve);
  });
  const bound = server.address();
  const chosen = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const shown = address.includes(':') ? `[${address}]:${chosen}` : `${address}:${chosen}`;
  scripted = new ScriptedServer(server, address.startsWith('/') ? address : shown, chosen, release);
  return scripted;
}

/** What a fake gives as its whole reply; undefined when it talks itself. */
export type Reply = string | Buffer | undefined;

export type Answer<C> = (command: C, connection: ServerConnection) => Reply | Promise<Reply>;

/** A server that is asked once on each connection, and what it was asked. */
export interface AskedServer<C> {
  readonly server: ScriptedServer;
  readonly commands: C[];
  readonly host: string;
  close(): Promise<void>;
}

/** On each connection: reads one command (undefined: the client closed before), sends the reply and closes. */
export async function startAsked<C>(
  read: (connection: ServerConnection) => Promise<C | undefined>,
  answer: Answer<C>,
  address?: string,
): Promise<AskedServer<C>> {
  const commands: C[] = [];
  const server = await startScripted(async (connection) => {
    const command = await read(connection);
    if (command === undefined) return;
    commands.push(command);
    const reply = await answer(command, connection);
    if (reply === undefined) return;
    await connection.send(reply);
    connection.end();
  }, address);
  return { server, commands, host: server.host, close: () => server.close() };
}

/** Sockets of this process that are neither the servers' nor unreferenced. */
export function otherSockets(...servers: readonly ScriptedServer[]): number {
  const ours = servers.reduce((sum, server) => sum + server.open, 0);
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length - ours;
}

/** A port of loopback that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = await startScripted(() => undefined);
  await server.close();
  return server.port;
}
