// Zone lines and packets for the scripted name server, without dns-packet: a second opinion on the wire format. A line is
// `name TYPE ttl data`, e.g. `mx.example.test MX 300 10 mail.example.test.`; TXT data is the rest of the line; `name FAIL n` answers
// with rcode n. In names `\DDD` is an octet and `\.` a dot within a label. Types without a form of their own: `TYPE64 300 hex`.
import { isIPv4 } from 'node:net';

export interface ZoneRecord {
  /** Lower case, without final dot. */
  readonly owner: string;
  readonly type: number;
  readonly ttl: number;
  readonly data: Buffer;
  /** Target of a CNAME or DNAME, as owner. */
  readonly target: string | undefined;
}

export interface Zone {
  readonly records: readonly ZoneRecord[];
  readonly failures: ReadonlyMap<string, number>;
}

export const zoneTypes: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
};

export function parseZone(lines: readonly string[]): Zone {
  const records: ZoneRecord[] = [];
  const failures = new Map<string, number>();
  for (const line of lines) {
    const [name = '', type = '', ttl = '', ...words] = line.split(' ');
    const owner = name.toLowerCase().replace(/(?<!\\)\.$/, '');
    if (type === 'FAIL') {
      failures.set(owner, Number(ttl));
      continue;
    }
    const number = zoneTypes[type] ?? Number(/^TYPE(\d+)$/.exec(type)?.[1]);
    if (!Number.isInteger(number)) throw new Error(`zone line: ${line}`);
    const target =
      type === 'CNAME' || type === 'DNAME' ? (words[0] ?? '').toLowerCase().replace(/\.$/, '') : undefined;
    records.push({ owner, type: number, ttl: Number(ttl), data: zoneData(type, words), target });
  }
  return { records, failures };
}

/** The octets of one record's data; wrong words make wrong octets. */
export function zoneData(type: string, words: readonly string[]): Buffer {
  const word = (i: number): string => words[i] ?? '';
  switch (type) {
    case 'A':
      return Buffer.from(word(0).split('.').map(Number));
    case 'AAAA':
      return addressOctets(word(0));
    case 'NS':
    case 'CNAME':
    case 'DNAME':
    case 'PTR':
      return nameOctets(word(0));
    case 'MX':
      return Buffer.concat([u16(Number(word(0))), nameOctets(word(1))]);
    case 'SRV':
      return Buffer.concat([...[0, 1, 2].map((i) => u16(Number(word(i)))), nameOctets(word(3))]);
    case 'SOA':
      return Buffer.concat([
        nameOctets(word(0)),
        nameOctets(word(1)),
        ...[2, 3, 4, 5, 6].map((i) => u32(Number(word(i)))),
      ]);
    case 'TXT':
      return textOctets(Buffer.from(words.join(' '), 'latin1'));
    case 'HINFO':
      return Buffer.concat([textOctets(Buffer.from(word(0))), textOctets(Buffer.from(word(1)))]);
    default:
      return Buffer.from(words.join(''), 'hex');
  }
}

function textOctets(text: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i === 0 || i < text.length; i += 255) {
    const part = text.subarray(i, i + 255);
    parts.push(Buffer.from([part.length]), part);
  }
  return Buffer.concat(parts);
}

function addressOctets(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const groups = (part: string): number[] =>
    part
      .split(':')
      .filter((group) => group !== '')
      .flatMap((group) => {
        if (!isIPv4(group)) return [Number.parseInt(group, 16)];
        const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
        return [a * 256 + b, c * 256 + d];
      });
  const before = groups(head);
  const after = groups(tail);
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.concat(all.map(u16));
}

export function u16(value: number): Buffer {
  const octets = Buffer.alloc(2);
  octets.writeUInt16BE(value);
  return octets;
}

export function u32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}

/** An uncompressed name. */
export function nameOctets(name: string): Buffer {
  const octets: number[] = [];
  let label: number[] = [];
  const flush = (): void => {
    if (label.length > 0) octets.push(label.length, ...label);
    label = [];
  };
  for (let i = 0; i < name.length; i++) {
    const digits = /^\\(\d{3})/.exec(name.slice(i, i + 4))?.[1];
    if (digits !== undefined) {
      label.push(Number(digits));
      i += 3;
    } else if (name[i] === '\\') label.push(name.charCodeAt(++i));
    else if (name[i] === '.') flush();
    else label.push(name.charCodeAt(i));
  }
  flush();
  return Buffer.from([...octets, 0]);
}

/** One record; `owner` may be a ready Buffer, e.g. a pointer. */
export function recordOctets(
  owner: string | Buffer,
  type: number,
  ttl: number,
  data: Buffer,
  cls = 1,
  length = data.length,
): Buffer {
  const name = Buffer.isBuffer(owner) ? owner : nameOctets(owner);
  return Buffer.concat([name, u16(type), u16(cls), u32(ttl), u16(length), data]);
}

export interface PacketParts {
  readonly id: number;
  /** QR RD RA unless told. */
  readonly flags?: number;
  readonly rcode?: number;
  /** Octets of the question section, undefined for none. */
  readonly question: Buffer | undefined;
  readonly answer?: readonly Buffer[];
  readonly authority?: readonly Buffer[];
  readonly extra?: readonly Buffer[];
}

export function packetOctets(parts: PacketParts): Buffer {
  const { question, answer = [], authority = [], extra = [] } = parts;
  return Buffer.concat([
    u16(parts.id),
    u16((parts.flags ?? 0x8180) | (parts.rcode ?? 0)),
    u16(question === undefined ? 0 : 1),
    u16(answer.length),
    u16(authority.length),
    u16(extra.length),
    question ?? Buffer.alloc(0),
    ...answer,
    ...authority,
    ...extra,
  ]);
}
