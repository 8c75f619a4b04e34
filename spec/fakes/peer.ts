// Who is at the other end of a connection of a spec.
import type { Peer } from '../../src/net/peer.ts';

export function peerAt(address: string, more: Partial<Peer> = {}): Peer {
  return { address, port: 4711, localAddress: '192.0.2.25', localPort: 25, socketAddress: address, ...more };
}
