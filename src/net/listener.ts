// The listening sockets of a server: opens them, hands over each connection, closes them. No SMTP here.
import {
  type AddressInfo,
  createServer,
  isIPv6,
  type ListenOptions,
  type Server,
  type Socket,
} from 'node:net';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** `address:port`, with brackets around an IPv6 address. */
export function endpointText(endpoint: Endpoint): string {
  const host = endpoint.address.includes(':') ? `[${endpoint.address}]` : endpoint.address;
  return `${host}:${endpoint.port}`;
}

/** Sockets that another process has bound to these addresses, for us to listen on. Rejects with the system's error. */
export type BoundSockets = (addresses: readonly string[], port: number) => Promise<readonly object[]>;

export interface ListenerEvents {
  connection(socket: Socket): void;
  /** A connection could not be accepted, or a listening socket failed later on. */
  error(error: Error): void;
}

const UNREAD = 4096;

export class Listener {
  readonly #events: ListenerEvents;
  readonly #servers: Server[] = [];

  constructor(events: ListenerEvents) {
    this.#events = events;
  }

  /**
   * Listens on each address (none: every IPv6 and IPv4 address). Port 0 picks a free port, the same for all. Rejects with the system's
   * error (EADDRINUSE, EACCES ...), and then nothing listens. `bound` gives the sockets when they are not ours to open.
   */
  async listen(
    addresses: readonly string[],
    port: number,
    backlog: number,
    bound?: BoundSockets,
  ): Promise<readonly Endpoint[]> {
    let chosen = port;
    try {
      if (bound !== undefined) {
        for (const handle of await bound(addresses, port)) await this.#open({ handle }, backlog);
        return this.endpoints;
      }
      // `::` alone takes the connections of IPv4 too; beside an IPv4 address it must leave it its own.
      const ipv6Only = addresses.some((address) => !isIPv6(address));
      for (const address of addresses.length === 0 ? [undefined] : new Set(addresses)) {
        const host = address === undefined ? {} : { host: address, ipv6Only };
        const server = await this.#open({ options: { port: chosen, backlog, ...host } }, backlog);
        chosen = (server.address() as AddressInfo).port;
      }
    } catch (error) {
      await this.close();
      throw error;
    }
    return this.endpoints;
  }

  get endpoints(): readonly Endpoint[] {
    const endpoints: Endpoint[] = [];
    for (const server of this.#servers) {
      const bound = server.address();
      if (bound !== null && typeof bound === 'object') {
        endpoints.push({ address: bound.address, port: bound.port });
      }
    }
    return endpoints;
  }

  /** Stops listening. Connections that are open stay open and are not waited for. Idempotent. */
  async close(): Promise<void> {
    for (const server of this.#servers.splice(0)) {
      server.close();
      server.unref();
    }
  }

  #open(
    where: { readonly handle: object } | { readonly options: ListenOptions },
    backlog: number,
  ): Promise<Server> {
    // A client that closes its side while it still waits for replies keeps getting them.
    // No keep-alive of TCP: every wait for a client has a shorter limit of its own.
    // What a socket that is not read keeps for us is small: the client may have sent it an octet at a time.
    const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: UNREAD }, (socket) => {
      this.#events.connection(socket);
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', () => {
        server.off('error', reject);
        server.on('error', (error) => this.#events.error(error));
        this.#servers.push(server);
        resolve(server);
      });
      if ('handle' in where) server.listen(where.handle, backlog);
      else server.listen(where.options);
    });
  }
}
