// Reads the header of the PROXY protocol in front of everything else (option smtp-proxy-hosts): from the hosts of the list it is required, so
// that nobody takes their connections for those of clients; others pass by, or at a listener with the flag `proxy` are refused. Rights go by the address of the socket, which stays what it is.
import { splitList } from '../base/lists.ts';
import { NetworkList } from '../net-address/network-list.ts';
import type { ConnectionWrapper, WrapOutcome } from './connection-wrapper.ts';
import type { ListenerRow } from './listener-row.ts';
import type { Peer } from './peer.ts';
import type { ProxyHeader } from './proxy-facts.ts';
import { ProxyReader } from './proxy-protocol.ts';
import type { Transport } from './transport.ts';

/** Lists that are kept; more than there are listeners. */
const KEPT = 64;

export class ProxyWrapper implements ConnectionWrapper {
  readonly name = 'proxy';
  readonly namesPeer = true;
  readonly refusal = 'proxyHeader';
  readonly #lists = new Map<string, NetworkList>();

  takes(peer: Peer, listener: ListenerRow): boolean {
    return listener.flags.has('proxy') || this.#speaksIt(peer, listener);
  }

  timeoutMs({ options }: ListenerRow): number {
    return options.values['smtp-proxy-timeout'] * 1000;
  }

  wrap(transport: Transport, peer: Peer, listener: ListenerRow): WrapOutcome | Promise<WrapOutcome> {
    if (!this.#speaksIt(peer, listener)) return { kind: 'refuse', cause: 'is not in smtp-proxy-hosts' };
    return new Promise((resolve) => {
      const reader = new ProxyReader();
      let over = false;
      const gone = (): void => resolve({ kind: 'gone' });
      transport.use({
        received: (chunk) => {
          if (over) return;
          const progress = reader.push(chunk);
          if (progress.kind === 'incomplete') return;
          over = true;
          if (progress.kind === 'refused') resolve({ kind: 'refuse', cause: progress.cause });
          else {
            transport.unread(progress.rest);
            resolve({ kind: 'pass', transport, peer: named(peer, progress.header) });
          }
        },
        inputEnded: gone,
        drained: () => undefined,
        failed: () => undefined,
        closed: gone,
      });
    });
  }

  #speaksIt({ socketAddress }: Peer, { options }: ListenerRow): boolean {
    const hosts = options.values['smtp-proxy-hosts'];
    if (hosts === '') return false;
    let list = this.#lists.get(hosts);
    if (list === undefined) {
      if (this.#lists.size === KEPT) this.#lists.clear();
      list = new NetworkList(splitList(hosts));
      this.#lists.set(hosts, list);
    }
    return list.contains(socketAddress);
  }
}

/** Whose connection it is by its header. */
function named(peer: Peer, header: ProxyHeader): Peer {
  const { addresses, authority, check, tls, uniqueId, version } = header;
  const { localAddress, port, socketAddress } = peer;
  const local = addresses === undefined;
  return {
    address: addresses?.source ?? peer.address,
    port: addresses?.sourcePort ?? port,
    localAddress: addresses?.destination ?? localAddress,
    localPort: addresses?.destinationPort ?? peer.localPort,
    socketAddress,
    proxy: { address: socketAddress, port, localAddress, version, local, check, authority, uniqueId },
    ...(tls === undefined ? {} : { tls }),
  };
}
