// Whether an address and port is where this server itself listens: forwarding there would go round in circles. Pure.
import type { NetworkInterfaceInfo } from 'node:os';
import { plainAddress } from '../net-address/network-list.ts';
import type { Endpoint } from './listener.ts';

type Interfaces = Readonly<Record<string, readonly Pick<NetworkInterfaceInfo, 'address'>[] | undefined>>;

/** `interfaces` gives the addresses of this machine, as os.networkInterfaces(); asked only when the port is one of ours. */
export function isOurOwn(
  { address, port }: Endpoint,
  listening: readonly Endpoint[],
  interfaces: () => Interfaces,
): boolean {
  const wanted = plainAddress(address);
  const six = wanted.includes(':');
  return listening.some((endpoint) => {
    if (endpoint.port !== port) return false;
    const own = plainAddress(endpoint.address);
    if (own === wanted) return true;
    // `::` takes IPv4 too, unless a socket beside it does.
    const any = own === '::' || (own === '0.0.0.0' && !six);
    return any && isAddressOf(wanted, interfaces());
  });
}

function isAddressOf(address: string, interfaces: Interfaces): boolean {
  // All of 127.0.0.0/8 is this machine, and so is the unspecified address to connect to.
  if (/^127\.|^0\.0\.0\.0$|^::1?$/.test(address)) return true;
  return Object.values(interfaces).some((list) => list?.some((one) => plainAddress(one.address) === address));
}
