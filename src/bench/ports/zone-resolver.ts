// A resolver that knows what a test has said, and asks nobody: no time passes. It answers as dns/resolver.ts does, aliases followed; a name that is
// there with another type has no record of this one. What nobody has said is told to `missing`, and has no answer.
import { isIP } from 'node:net';
import { lowerAscii } from '../../base/ascii.ts';
import { followAliases } from '../../dns/alias.ts';
import { readData } from '../../dns/record-data.ts';
import {
  type DnsQuestion,
  type DnsRecord,
  type DnsResponse,
  type Resolver,
  rcode,
} from '../../dns/resolver-api.ts';
import { typeKey } from '../../dns/type-table.ts';
import { reverseIp } from '../../net-address/reverse-ip.ts';
import { u16, zoneData, zoneTypes } from './dns-zone.ts';

/** What is known of one name and type. */
export type ZoneAnswer =
  | { readonly kind: 'records'; readonly records: readonly DnsRecord['fields'][] }
  /** `code`: of rcode; NXDOMAIN is about the name, whatever the type. */
  | { readonly kind: 'code'; readonly code: number };

/** Names in lower case without final dot (the root is `.`), types as `MX` or `TYPE17`. */
export interface ZoneNames {
  find(name: string, type: string): ZoneAnswer | undefined;
  /** It is there with some type. */
  has(name: string): boolean;
  /** Told of a question that nobody answers. */
  missing(name: string, type: string): void;
}

const TTL = 300;
/** What a zone may lead to before it is a circle. */
const MOST_ALIASES = 16;

/** The data of a record in the words of a zone file; undefined when they are none of this type. */
export function readRecord(type: string, text: string): DnsRecord['fields'] | undefined {
  const number = zoneTypes[type];
  if (number === undefined) return undefined;
  if ((type === 'A' || type === 'AAAA') && isIP(text) !== (type === 'A' ? 4 : 6)) return undefined;
  if (type === 'MX' && !/^\d{1,5} \S+$/.test(text)) return undefined;
  if (type === 'SRV' && !/^\d+ \d+ \d+ \S+$/.test(text)) return undefined;
  if (/^(?:NS|CNAME|DNAME|PTR)$/.test(type) && !/^\S+$/.test(text)) return undefined;
  const data = zoneData(type, text.split(' '));
  // As it stands in a packet, behind its length.
  const packet = Buffer.concat([Buffer.alloc(12), u16(data.length), data]);
  return readData(number, 1, { packet, start: 14, end: packet.length });
}

export class ZoneResolver implements Resolver {
  readonly #names: ZoneNames;

  constructor(names: ZoneNames) {
    this.#names = names;
  }

  query(question: DnsQuestion): DnsResponse {
    const type = typeKey(question.type);
    return this.#response(question, type);
  }

  #response(question: DnsQuestion, type: string): DnsResponse {
    const { name: asked, type: number } = question;
    const empty = { question, answer: [], authority: [], extra: [], ttl: 0, error: undefined } as const;
    const records: DnsRecord[] = [];
    let name = nameOf(question);
    if (name === '' || name.length > 253) return { ...empty, rcode: rcode.ERRNO, error: 'that is no name' };
    for (let n = 0; n < MOST_ALIASES; n++) {
      const own = this.#names.find(name, type);
      const alias = own ?? (type === 'CNAME' ? undefined : this.#names.find(name, 'CNAME'));
      if (alias === undefined) {
        if (this.#names.has(name)) break;
        this.#names.missing(name, type);
        return { ...empty, rcode: rcode.TIMEDOUT, error: 'no fake answers it' };
      }
      if (alias.kind === 'code') {
        const { code } = alias;
        return { ...empty, rcode: code, error: code === rcode.TIMEDOUT ? 'no answer in time' : undefined };
      }
      const itsType = own === undefined ? 5 : number;
      for (const fields of alias.records)
        records.push({ name: absolute(name), type: itsType, class: 1, ttl: TTL, fields });
      if (own !== undefined) break;
      name = nameOf({ name: String(alias.records[0]?.value ?? '') });
    }
    const { records: answer } = followAliases(absolute(nameOf({ name: asked })), number, records);
    return { ...empty, rcode: rcode.OK, answer, ttl: TTL };
  }

  reverse(address: string): Promise<string | undefined> {
    const name = nameOf({ name: reverseIp(address, true) });
    const found = this.#names.find(name, 'PTR');
    const host = found?.kind === 'records' ? String(found.records[0]?.value ?? '') : '';
    return Promise.resolve(host === '' ? undefined : nameOf({ name: host }));
  }

  confirms(host: string, address: string): Promise<boolean> {
    const found = this.#names.find(lowerAscii(host), isIP(address) === 6 ? 'AAAA' : 'A');
    return Promise.resolve(found?.kind === 'records' && found.records.some(({ value }) => value === address));
  }

  async addresses(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    return [1, 28].flatMap((type) =>
      this.query({ name: host, type, class: 1 })
        .answer.filter((record) => record.type === type)
        .map(({ fields }) => String(fields.value)),
    );
  }

  close(): void {}
}

/** In lower case without final dot; the root alone is `.`. */
const nameOf = ({ name }: Pick<DnsQuestion, 'name'>): string => lowerAscii(name).replace(/(?<=.)\.$/s, '');

const absolute = (name: string): string => (name === '.' ? name : `${name}.`);
