// What a balancer in front of us says of a connection in a header of the PROXY protocol (proxy-protocol.txt of HAProxy, versions 1 and 2).
import type { TlsFacts } from './tls-facts.ts';

/** Where a connection comes from and went to, as the header says. IPv4 in IPv6 is IPv4. */
export interface ProxyAddresses {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

export interface ProxyHeader {
  readonly version: 1 | 2;
  /** Undefined: the header names nobody (LOCAL, UNKNOWN, UNSPEC, UNIX), and the addresses of the connection itself count. */
  readonly addresses: ProxyAddresses | undefined;
  /** The balancer speaks for itself: LOCAL, a health check. */
  readonly check: boolean;
  /** Server name that the client asked for (PP2_TYPE_AUTHORITY). */
  readonly authority?: string;
  readonly alpn?: string;
  /** PP2_TYPE_UNIQUE_ID, hex. */
  readonly uniqueId?: string;
  /** The client speaks TLS with the balancer. */
  readonly tls?: TlsFacts;
}

/** What a connection keeps of its header, beside the addresses. */
export interface ProxyFacts {
  /** The balancer's end of the socket. */
  readonly address: string;
  readonly port: number;
  /** Our end of it. */
  readonly localAddress: string | undefined;
  readonly version: 1 | 2;
  /** The header names nobody: address and port of the client are the balancer's own. */
  readonly local: boolean;
  /** A health check of the balancer: it counts as no client. */
  readonly check: boolean;
  readonly authority: string | undefined;
  readonly uniqueId: string | undefined;
}
