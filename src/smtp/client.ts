// Who the client is: what the socket says, what reverse DNS adds, and what a trusted client says in its place with XCLIENT.
import { plainAddress } from '../net/address.ts';

export interface Peer {
  readonly address: string;
  /** 0 in test mode. */
  readonly port: number;
  /** undefined in test mode. */
  readonly localAddress: string | undefined;
}

export interface Client {
  /** The socket's own address; trust goes by this one. */
  readonly peer: string;
  address: string;
  port: number;
  localAddress: string | undefined;
  /** By reverse DNS, lower case; `[address]` without one. */
  host: string;
  /** True once the name is known, or came by XCLIENT. */
  hostKnown: boolean;
  /** The name has this address, as DNS says, or XCLIENT said the name (NAME is a confirmed one there). */
  hostConfirmed: boolean;
}

export function newClient(peer: Peer): Client {
  const address = plainAddress(peer.address);
  return {
    peer: address,
    address,
    port: peer.port,
    localAddress: peer.localAddress === undefined ? undefined : plainAddress(peer.localAddress),
    host: `[${address}]`,
    hostKnown: false,
    hostConfirmed: false,
  };
}
