// Which addresses service.http.request may connect to. URLs come out of mails, so by default only the Internet: not this host, not the
// networks behind it (server-side request forgery). Asked with the address that is about to be connected to, never with a name.

import { splitList } from '../base/lists.ts';
import { type IpAddress, parseIp } from '../net-address/ip-address.ts';
import { classifyIp, ipClasses, ipClassSets } from '../net-address/ip-class.ts';
import { type Network, networkContains, parseNetwork } from '../net-address/network.ts';
import { readNetwork } from '../net-address/network-list.ts';

/** What leads to an IPv4 address of the sender's choice through a translator or tunnel. */
const tunnels = ['NAT64', 'V6TO4', 'TEREDO', 'V6TO4_RELAY'];

const refusedBits =
  (ipClassSets.find((set) => set.name === 'NOT_GLOBAL')?.bits ?? -1) |
  ipClasses.reduce((bits, each) => (tunnels.includes(each.name) ? bits | each.bit : bits), 0);

function readNetworks(list: string): readonly Network[] {
  return splitList(list).flatMap((item) => {
    const text = readNetwork(item);
    const network = text && parseNetwork(`${text.address}/${text.bits}`);
    return network === undefined ? [] : [network];
  });
}

/**
 * What no address class names and no mail has business with: the platform address of Azure, which only its guests reach, and the IETF
 * protocol assignments (RFC 2928: benchmarking, ORCHID, ORCHIDv2, Teredo ...).
 */
const furtherRefused = readNetworks('168.63.129.16 2001::/23');

export interface Reach {
  /** Option http-allow-reserved: networks that may be connected to all the same. */
  readonly allowed: readonly Network[];
  /** Option http-refuse: networks that may not, whatever else holds. */
  readonly refused: readonly Network[];
}

/** Reads both options. */
export function readReach(allowed: string, refused: string): Reach {
  return { allowed: readNetworks(allowed), refused: readNetworks(refused) };
}

/** Pairs of values kept: there are as many as a policy sets. */
const MAX_KEPT = 64;

/** Reads each value of the options once. */
export class Reaches {
  readonly #kept = new Map<string, Reach>();

  of(allowed: string, refused: string): Reach {
    const key = `${allowed}\n${refused}`;
    let reach = this.#kept.get(key);
    if (reach === undefined) {
      if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
      reach = readReach(allowed, refused);
      this.#kept.set(key, reach);
    }
    return reach;
  }
}

const holds = (networks: readonly Network[], ip: IpAddress): boolean =>
  networks.some((network) => networkContains(network, ip));

/** Why an address may not be connected to; undefined when it may. What is no plain address (a zone index, for one) is refused. */
export function refusalOf(address: string, { allowed, refused }: Reach): string | undefined {
  const ip = parseIp(address);
  if (ip === undefined) return `${address} is no address that can be checked`;
  if (holds(refused, ip)) return `${address} is refused (option http-refuse)`;
  if ((classifyIp(ip) & refusedBits) === 0 && !holds(furtherRefused, ip)) return undefined;
  if (holds(allowed, ip)) return undefined;
  return `${address} is a reserved address (option http-allow-reserved)`;
}
