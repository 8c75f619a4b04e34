// Networks of a list, of which the longest prefix that holds an address is found: one look-up by hash for each length that there is, the
// longest first. IPv4 is kept as ::ffff:a.b.c.d, so ::/0 is not about it.
import { isMapped, parseIp, readIpv4, readIpv6 } from '../../net-address/ip-address.ts';
import { readNetwork } from '../../net-address/network-list.ts';
import { roomFor } from './key-table.ts';

/** The address being looked up, and with the bits behind a prefix taken away. */
const wanted = new Uint8Array(16);
const masked = new Uint8Array(16);

/** Puts the first `prefix` bits of `octets` into `masked`. */
function mask(octets: Uint8Array, prefix: number): void {
  const whole = prefix >> 3;
  masked.set(octets);
  if (whole < 16) {
    masked[whole] = (octets[whole] ?? 0) & (0xff00 >> (prefix & 7)) & 0xff;
    masked.fill(0, whole + 1);
  }
}

function hashMasked(prefix: number): number {
  let hash = 0x811c9dc5 ^ prefix;
  for (let i = 0; i < 16; i++) hash = Math.imul(hash ^ (masked[i] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** Reads an address into `wanted`: false when the text is none. */
function readWanted(text: string): boolean {
  wanted.fill(0);
  if (readIpv4(text, 0, wanted, 12) === text.length) {
    wanted[10] = 0xff;
    wanted[11] = 0xff;
    return true;
  }
  return readIpv6(text, 0, wanted) === text.length;
}

export class NetworkTable {
  /** Number of a network and 1; 0: nothing. */
  readonly #slots: Int32Array;
  readonly #mask: number;
  /** By number: the network's octets, its prefix, and the offset behind its key. */
  readonly #octets: Uint8Array;
  readonly #prefix: Uint8Array;
  readonly #keyEnd: Int32Array;
  /** The prefixes that there are, longest first. */
  #lengths: number[] = [];
  #count = 0;

  constructor(most: number) {
    this.#slots = new Int32Array(roomFor(most));
    this.#mask = this.#slots.length - 1;
    this.#octets = new Uint8Array(most * 16);
    this.#prefix = new Uint8Array(most);
    this.#keyEnd = new Int32Array(most);
  }

  /** Takes in a network: the offset behind the key of the same one that is there already, -1, or undefined when the text is no network. */
  add(text: string, keyEnd: number): number | undefined {
    const network = readNetwork(text);
    const address = network === undefined ? undefined : parseIp(network.address);
    if (network === undefined || address === undefined) return undefined;
    const prefix = network.family === 'ipv4' ? network.bits + 96 : network.bits;
    mask(address.octets, prefix);
    let slot = hashMasked(prefix) & this.#mask;
    for (let at = this.#slots[slot] ?? 0; at !== 0; at = this.#slots[slot] ?? 0) {
      if (this.#isAt(at - 1, prefix)) return this.#keyEnd[at - 1] ?? -1;
      slot = (slot + 1) & this.#mask;
    }
    const number = this.#count++;
    this.#octets.set(masked, number * 16);
    this.#prefix[number] = prefix;
    this.#keyEnd[number] = keyEnd;
    this.#slots[slot] = number + 1;
    if (!this.#lengths.includes(prefix)) this.#lengths = [...this.#lengths, prefix].sort((a, b) => b - a);
    return -1;
  }

  #isAt(number: number, prefix: number): boolean {
    if (this.#prefix[number] !== prefix) return false;
    const start = number * 16;
    for (let i = 0; i < 16; i++) if (this.#octets[start + i] !== masked[i]) return false;
    return true;
  }

  /** The offset behind the key of the smallest network that holds the address; -1 when none does, or the text is no address. */
  find(text: string): number {
    if (this.#count === 0 || !readWanted(text)) return -1;
    const isIpv4 = isMapped(wanted);
    for (const prefix of this.#lengths) {
      if (isIpv4 && prefix < 96) return -1;
      mask(wanted, prefix);
      let slot = hashMasked(prefix) & this.#mask;
      for (let at = this.#slots[slot] ?? 0; at !== 0; at = this.#slots[slot] ?? 0) {
        if (this.#isAt(at - 1, prefix)) return this.#keyEnd[at - 1] ?? -1;
        slot = (slot + 1) & this.#mask;
      }
    }
    return -1;
  }
}
