// Who is at the other end of a connection, as far as the connection itself tells, or one in front of us that we believe (a balancer). It is
// handed from who accepts to who serves; nobody else asks the socket.
import type { Socket } from 'node:net';
import { plainAddress } from '../net-address/network-list.ts';
import type { ProxyFacts } from './proxy-facts.ts';
import type { TlsFacts } from './tls-facts.ts';

export interface Peer {
  /** Whose connection it is; an IPv4 address is written as one also when it came by IPv6. */
  readonly address: string;
  /** 0 where there is none. */
  readonly port: number;
  /** Where it was accepted; undefined where it is no socket. */
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** The other end of the socket. Rights go by this one, never by what anybody says in its place. */
  readonly socketAddress: string;
  /** What a balancer has said of it, where there is one. */
  readonly proxy?: ProxyFacts;
  /** The TLS that it speaks already: with us, from the first octet, or with the balancer. */
  readonly tls?: TlsFacts;
}

/** Undefined when the connection is gone already. */
export function peerOf(socket: Socket): Peer | undefined {
  const address = plainAddress(socket.remoteAddress ?? '');
  if (address === '') return undefined;
  const { localAddress, localPort, remotePort = 0 } = socket;
  return { address, port: remotePort, localAddress, localPort, socketAddress: address };
}
