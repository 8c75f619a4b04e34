// Who the client is: what the socket says, what reverse DNS adds, and what a trusted client says in its place with XCLIENT.
import type { Peer } from '../../net/peer.ts';
import type { ProxyFacts } from '../../net/proxy-facts.ts';
import type { TlsFacts } from '../../net/tls-facts.ts';
import { plainAddress } from '../../net-address/network-list.ts';

export interface Client {
  /** The socket's own address; trust goes by this one. */
  readonly peer: string;
  address: string;
  port: number;
  localAddress: string | undefined;
  localPort: number | undefined;
  /** What the balancer says through which it comes; stays when XCLIENT names another client. */
  readonly proxy: ProxyFacts | undefined;
  /**
   * The address as far as it may give a right (authres-trusted-hosts). Empty when only a PROXY header says it and it names nobody, or one
   * who is on this machine: whoever can send us such headers must not become one of ours.
   */
  rightsAddress: string;
  /** By reverse DNS, lower case; `[address]` without one. */
  host: string;
  /** True once the name is known, or came by XCLIENT. */
  hostKnown: boolean;
  /** The name has this address, as DNS says, or XCLIENT said the name (NAME is a confirmed one there). */
  hostConfirmed: boolean;
  /** How the connection is encrypted; undefined: it is not. */
  tls: TlsFacts | undefined;
}

/** Loopback, and the unspecified address. */
const THIS_MACHINE = /^(?:127\.|0\.|::1?$)/;

export function newClient(peer: Peer): Client {
  const address = plainAddress(peer.address);
  return {
    peer: plainAddress(peer.socketAddress),
    address,
    port: peer.port,
    localAddress: peer.localAddress === undefined ? undefined : plainAddress(peer.localAddress),
    localPort: peer.localPort,
    proxy: peer.proxy,
    rightsAddress: givesRights(peer, address) ? address : '',
    host: `[${address}]`,
    hostKnown: false,
    hostConfirmed: false,
    tls: peer.tls,
  };
}

function givesRights({ localAddress, proxy }: Peer, address: string): boolean {
  if (proxy === undefined) return true;
  const ours = [localAddress, proxy.localAddress].some(
    (own) => own !== undefined && plainAddress(own) === address,
  );
  return !proxy.local && !ours && !THIS_MACHINE.test(address);
}
