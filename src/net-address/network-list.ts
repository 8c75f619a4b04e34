// Client addresses: one spelling for each, the network that limits are counted for, and lists of networks in options.
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An IPv4 address that came over an IPv6 socket (`::ffff:1.2.3.4`) as IPv4; a zone (`%eth0`) is dropped. */
export function plainAddress(address: string): string {
  const zone = address.indexOf('%');
  const bare = zone < 0 ? address : address.slice(0, zone);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  return mapped !== undefined && isIPv4(mapped) ? mapped : bare;
}

/** What connections are counted by: the address, or for IPv6 its /64, which one customer usually has for himself. */
export function limitKey(address: string): string {
  if (!isIPv6(address)) return address;
  const parsed = ipaddr.IPv6.parse(address);
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}

export interface NetworkText {
  /** Without a zone; host bits may be set. */
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/**
 * One item of a list of networks: `address/bits` or an address. The one reader for the check of options and for all who use their lists,
 * so that what start takes holds. Clients have no zone (plainAddress), so that of an item is dropped.
 */
export function readNetwork(item: string): NetworkText | undefined {
  const slash = item.indexOf('/');
  const text = slash < 0 ? item : item.slice(0, slash);
  const version = isIP(text);
  if (version === 0) return undefined;
  const zone = text.indexOf('%');
  const address = zone < 0 ? text : text.slice(0, zone);
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const most = version === 4 ? 32 : 128;
  if (slash < 0) return { address, bits: most, family };
  const bits = item.slice(slash + 1);
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? { address, bits: Number(bits), family } : undefined;
}

/** Addresses whose answer is kept. */
const KNOWN = 4096;

/** The networks of a list option such as `smtp-xclient-hosts`. */
export class NetworkList {
  /** Items that are no address or network; they match nothing. */
  readonly invalid: readonly string[];
  readonly #list = new BlockList();
  /** Answers given: a look-up costs microseconds, and the same clients come again. */
  readonly #known = new Map<string, boolean>();

  constructor(items: readonly string[]) {
    const invalid: string[] = [];
    for (const item of items) if (!this.#add(item)) invalid.push(item);
    this.invalid = invalid;
  }

  contains(address: string): boolean {
    let found = this.#known.get(address);
    if (found === undefined) {
      const version = isIP(address);
      found = version !== 0 && this.#list.check(address, version === 4 ? 'ipv4' : 'ipv6');
      if (this.#known.size >= KNOWN) this.#known.clear();
      this.#known.set(address, found);
    }
    return found;
  }

  #add(item: string): boolean {
    const network = readNetwork(item);
    if (network === undefined) return false;
    this.#list.addSubnet(network.address, network.bits, network.family);
    return true;
  }
}
