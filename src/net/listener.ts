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

/** A socket to be opened. */
export interface ListenAddress {
  /** Undefined: every address, IPv6 and IPv4. */
  readonly address: string | undefined;
  /** 0: a free one. Undefined: the one that the address before it has. */
  readonly port: number | undefined;
  /** It leaves IPv4 to another. */
  readonly ipv6Only: boolean;
}

/** `address:port`, with brackets around an IPv6 address. */
export function endpointText(endpoint: Endpoint): string {
  const host = endpoint.address.includes(':') ? `[${endpoint.address}]` : endpoint.address;
  return `${host}:${endpoint.port}`;
}

/** These addresses (none: every IPv6 and IPv4 address) at one port; 0 is a free one, the same for all of them. */
export function onPort(listed: readonly string[], port: number): readonly ListenAddress[] {
  const addresses = [...new Set(listed)];
  // `::` alone takes the connections of IPv4 too; beside an IPv4 address it must leave it its own.
  const ipv6Only = addresses.some((address) => !isIPv6(address));
  return (addresses.length === 0 ? [undefined] : addresses).map((address, index) => ({
    address,
    port: index === 0 ? port : undefined,
    ipv6Only,
  }));
}

/** An address as it was asked for, `*` for all. */
export const wantedText = ({ address = '*', port = 0 }: ListenAddress): string =>
  endpointText({ address, port });

/** The system's error, with the address that it is about. */
export type ListenError = NodeJS.ErrnoException & { readonly where?: string };

/** Sockets that another process has bound for a listener to these addresses, for us to listen on. Rejects with the system's error. */
export type BoundSockets = (listener: string, wanted: readonly ListenAddress[]) => Promise<readonly object[]>;

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
   * Listens on each address. Rejects with the system's error (EADDRINUSE, EACCES ...), which names the address, and then nothing listens.
   * `bound` gives the sockets when they are not ours to open.
   */
  async listen(
    wanted: readonly ListenAddress[],
    backlog: number,
    bound?: (wanted: readonly ListenAddress[]) => Promise<readonly object[]>,
  ): Promise<readonly Endpoint[]> {
    let last = 0;
    try {
      if (bound !== undefined) {
        for (const [index, handle] of (await bound(wanted)).entries()) {
          await this.#open({ handle }, backlog, wanted[index]);
        }
        return this.endpoints;
      }
      for (const { address, port = last, ipv6Only } of wanted) {
        const host = address === undefined ? {} : { host: address, ipv6Only };
        const asked = { address, port, ipv6Only };
        const server = await this.#open({ options: { port, backlog, ...host } }, backlog, asked);
        last = (server.address() as AddressInfo).port;
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
    wanted: ListenAddress | undefined,
  ): Promise<Server> {
    // A client that closes its side while it still waits for replies keeps getting them.
    // No keep-alive of TCP: every wait for a client has a shorter limit of its own.
    // What a socket that is not read keeps for us is small: the client may have sent it an octet at a time.
    const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: UNREAD }, (socket) => {
      this.#events.connection(socket);
    });
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void =>
        reject(wanted === undefined ? error : Object.assign(error, { where: wantedText(wanted) }));
      server.once('error', failed);
      server.once('listening', () => {
        server.off('error', failed);
        server.on('error', (error) => this.#events.error(error));
        this.#servers.push(server);
        resolve(server);
      });
      if ('handle' in where) server.listen(where.handle, backlog);
      else server.listen(where.options);
    });
  }
}
