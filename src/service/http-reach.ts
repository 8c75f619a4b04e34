// Which addresses service.http.request may connect to. URLs come out of mails, so by default only the Internet: not this host, not the
// networks behind it (server-side request forgery). Asked with the address that is about to be connected to, never with a name.

import { parseIp } from '../net-address/ip-address.ts';
import { classifyIp, ipClasses, ipClassSets } from '../net-address/ip-class.ts';
import { type Network, networkContains, parseNetwork } from '../net-address/network.ts';
import { splitList } from '../options/options.ts';

/** What leads to an IPv4 address of the sender's choice through a translator or tunnel. */
const tunnels = ['NAT64', 'V6TO4', 'TEREDO', 'V6TO4_RELAY'];

const refusedBits =
  (ipClassSets.find((set) => set.name === 'NOT_GLOBAL')?.bits ?? -1) |
  ipClasses.reduce((bits, each) => (tunnels.includes(each.name) ? bits | each.bit : bits), 0);

function readNetworks(list: string): readonly Network[] {
  return splitList(list).flatMap((item) => {
    const text = item.includes('/') ? item : `${item}/${item.includes(':') ? 128 : 32}`;
    const network = parseNetwork(text);
    return network === undefined ? [] : [network];
  });
}

/**
 * Why an address may not be connected to; undefined when it may. `allowed` is option http-allow-reserved. What is no plain address (a
 * zone index, for one) is refused.
 */
export function refusalOf(address: string, allowed: string): string | undefined {
  const ip = parseIp(address);
  if (ip === undefined) return `${address} is no address that can be checked`;
  if ((classifyIp(ip) & refusedBits) === 0) return undefined;
  if (readNetworks(allowed).some((network) => networkContains(network, ip))) return undefined;
  return `${address} is a reserved address (option http-allow-reserved)`;
}
