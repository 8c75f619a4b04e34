// What the name servers of a case know: what its test has said, the clients that connect with a name, and next hops, which have an address because
// somebody has to be connected to.
import { lowerAscii } from '../base/ascii.ts';
import { type DnsRecord, rcode } from '../dns/resolver-api.ts';
import { reverseIp } from '../net-address/reverse-ip.ts';
import type { Fakes } from './fakes.ts';
import { quoted } from './lua-text.ts';
import type { ZoneAnswer, ZoneNames } from './ports/zone-resolver.ts';
import type { CaseRecord } from './record.ts';

const records = (...all: readonly DnsRecord['fields'][]): ZoneAnswer => ({ kind: 'records', records: all });

export class CaseNames implements ZoneNames {
  readonly #fakes: Fakes;
  readonly #record: CaseRecord;
  /** Names of clients by address, undefined for those without. */
  readonly #clients = new Map<string, string | undefined>();
  /** Names of next hops by the address that they were given. */
  readonly #hops = new Map<string, string>();

  constructor(fakes: Fakes, record: CaseRecord) {
    this.#fakes = fakes;
    this.#record = record;
  }

  /** Somebody connects; `host`: his name, which leads back to the address. */
  addClient(address: string, host: string | undefined): void {
    this.#clients.set(address, host && lowerAscii(host).replace(/\.$/, ''));
  }

  /** The name of a next hop that was given this address. */
  hopAt(address: string): string | undefined {
    return this.#hops.get(address);
  }

  find(name: string, type: string): ZoneAnswer | undefined {
    const { dns } = this.#fakes;
    return dns.find(`${name} ${type}`) ?? this.#ofClient(name, type) ?? this.#ofHop(name, type) ?? dns.usual;
  }

  #ofClient(name: string, type: string): ZoneAnswer | undefined {
    for (const [address, host] of this.#clients) {
      const reverse = reverseIp(address, true).replace(/\.$/, '');
      if (type === 'PTR' && name === reverse)
        return host === undefined ? { kind: 'code', code: rcode.NXDOMAIN } : records({ value: `${host}.` });
      if (host === name && type === (address.includes(':') ? 'AAAA' : 'A'))
        return records({ value: address });
    }
    return undefined;
  }

  #isHop(name: string): boolean {
    return [...this.#fakes.hops.keys()].some((key) => key.replace(/:\d+$/, '') === name);
  }

  #ofHop(name: string, type: string): ZoneAnswer | undefined {
    if (type !== 'A' || !this.#isHop(name)) return undefined;
    let address = [...this.#hops].find(([, host]) => host === name)?.[0];
    if (address === undefined) {
      // RFC 2544: addresses that nobody has.
      address = `198.18.0.${this.#hops.size + 1}`;
      this.#hops.set(address, name);
    }
    return records({ value: address });
  }

  has(name: string): boolean {
    if ([...this.#clients.values()].includes(name) || this.#isHop(name)) return true;
    for (const key of this.#fakes.dns.keys()) if (key.startsWith(`${name} `)) return true;
    return false;
  }

  missing(name: string, type: string): void {
    this.#record.missing(`dns ${type} ${name}`, `t.dns { [${quoted(`${name} ${type}`)}] = t.nxdomain }`);
  }
}
