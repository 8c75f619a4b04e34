// The listening sockets of a server: opens them, hands over each connection, closes them. No SMTP here.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** `address:port`, with brackets around an IPv6 address. */
export function endpointText(endpoint: Endpoint): string {
  const host = endpoint.address.includes(':') ? `[${endpoint.address}]` : endpoint.address;
  return `${host}:${endpoint.port}`;
}

export interface ListenerEvents {
  connection(socket: Socket): void;
  /** A connection could not be accepted, or a listening socket failed later on. */
  error(error: Error): void;
}

export class Listener {
  readonly #events: ListenerEvents;
  readonly #servers: Server[] = [];

  constructor(events: ListenerEvents) {
    this.#events = events;
  }

  /**
   * Listens on each address (none: every IPv6 and IPv4 address). Port 0 picks a free port, the same for all. Rejects with the system's
   * error (EADDRINUSE, EACCES ...), and then nothing listens.
   */
  async listen(addresses: readonly string[], port: number, backlog: number): Promise<readonly Endpoint[]> {
    let chosen = port;
    try {
      for (const address of addresses.length === 0 ? [undefined] : addresses) {
        const server = await this.#open(address, chosen, backlog);
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

  #open(address: string | undefined, port: number, backlog: number): Promise<Server> {
    // A client that closes its side while it still waits for replies keeps getting them.
    // No keep-alive of TCP: every wait for a client has a shorter limit of its own.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#events.connection(socket);
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, backlog, ...(address === undefined ? {} : { host: address }) }, () => {
        server.off('error', reject);
        server.on('error', (error) => this.#events.error(error));
        this.#servers.push(server);
        resolve(server);
      });
    });
  }
}
