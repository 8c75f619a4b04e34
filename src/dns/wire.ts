// Queries as octets and replies as records (RFC 1035 section 4, RFC 6891), pure: no I/O. dns-packet encodes; names have been checked
// by dns/name.ts. A reply is walked once with every length and pointer checked; the data of each record is read by dns/record-data.ts.
import dnsPacket from 'dns-packet';
import { readName } from './name.ts';
import { readData } from './record-data.ts';
import type { DnsRecord } from './resolver-api.ts';

/** The largest UDP answer that crosses every network unfragmented (DNS flag day 2020). */
const EDNS_SIZE = 1232;

/** The question as sent, to be compared with that of the answer. */
export interface Query {
  /** The packet with id 0. */
  readonly packet: Buffer;
  /** Offset behind the question; the header ends at 12. */
  readonly questionEnd: number;
  readonly edns: boolean;
}

/** An OPT record without options (RFC 6891 section 6.1.2): always the same octets. */
const opt = dnsPacket
  .encode({
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: EDNS_SIZE,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  })
  .subarray(12);

/** A query with recursion desired. `name`: ASCII, checked, without final dot. */
export function encodeQuery(name: string, type: number, cls: number, edns: boolean): Query {
  const questionEnd = 12 + (name === '' ? 1 : name.length + 2) + 4;
  const packet = Buffer.allocUnsafe(questionEnd + (edns ? opt.length : 0));
  const questions = [{ name: name === '' ? '.' : name, type: 'A', class: 'IN' } as const];
  // AD: we understand it in the answer (RFC 6840 section 5.7).
  const flags = dnsPacket.RECURSION_DESIRED | dnsPacket.AUTHENTIC_DATA;
  dnsPacket.encode({ type: 'query', id: 0, flags, questions }, packet);
  // By number: dns-packet turns a type or class it has no name for into 0.
  packet.writeUInt16BE(type, questionEnd - 4);
  packet.writeUInt16BE(cls, questionEnd - 2);
  if (edns) {
    packet.writeUInt16BE(1, 10);
    opt.copy(packet, questionEnd);
  }
  return { packet, questionEnd, edns };
}

/** A copy of the packet with this id. */
export function withId(query: Query, id: number): Buffer {
  const packet = Buffer.from(query.packet);
  packet.writeUInt16BE(id, 0);
  return packet;
}

export interface ReplyRecords {
  /** The server says that it has authenticated all of it (AD, RFC 4035 section 3.2.3). */
  readonly authenticated: boolean;
  readonly answer: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly extra: readonly DnsRecord[];
}

export type ReadReply =
  /** Not the answer to this question: as if it had not come. */
  | { readonly kind: 'foreign' }
  /** An error without the question, as servers send that do not know EDNS. */
  | { readonly kind: 'error-without-question'; readonly rcode: number }
  /** TC is set: the answer is to be fetched over TCP. */
  | { readonly kind: 'truncated' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | ({
      readonly kind: 'reply';
      /** 0 to 15. */
      readonly rcode: number;
      /** The upper bits of the rcode (RFC 6891 section 6.1.3), 0 without EDNS. */
      readonly extendedRcode: number;
      readonly octets: number;
      readonly truncated: boolean;
    } & ReplyRecords);

const FOREIGN: ReadReply = { kind: 'foreign' };
const OPT = 41;
const AUTHENTIC = 0x20;

/** Reads a packet that has the query's id. With `allowTruncated` a truncated answer is read like any other. */
export function readReply(packet: Buffer, query: Query, allowTruncated: boolean): ReadReply {
  if (packet.length < 12) return FOREIGN;
  const flags = packet.readUInt16BE(2);
  // QR set, opcode QUERY.
  if ((flags & 0xf800) !== 0x8000) return FOREIGN;
  const rcode = flags & 15;
  const questions = packet.readUInt16BE(4);
  if (questions === 0 && rcode !== 0 && packet.length === 12)
    return { kind: 'error-without-question', rcode };
  if (questions !== 1 || !sameQuestion(packet, query)) return FOREIGN;
  const truncated = (flags & 0x0200) !== 0;
  if (truncated && !allowTruncated) return { kind: 'truncated' };
  return readSections(packet, query.questionEnd, flags, truncated);
}

/** The question is the first thing behind the header, so it cannot be compressed; letters compare without case. */
function sameQuestion(packet: Buffer, query: Query): boolean {
  const end = query.questionEnd;
  if (packet.length < end) return false;
  if (packet.compare(query.packet, 12, end, 12, end) === 0) return true;
  for (let i = 12; i < end; i++) {
    const a = packet[i] ?? 0;
    const b = query.packet[i] ?? 0;
    if (a !== b && (i >= end - 4 || lower(a) !== lower(b))) return false;
  }
  return true;
}

function lower(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
}

function readSections(packet: Buffer, start: number, flags: number, truncated: boolean): ReadReply {
  const owners = new Map<number, string>();
  const sections: [DnsRecord[], DnsRecord[], DnsRecord[]] = [[], [], []];
  let position = start;
  let extendedRcode = 0;
  for (let section = 0; section < 3; section++) {
    const records = sections[section];
    const count = packet.readUInt16BE(6 + 2 * section);
    for (let i = 0; i < count; i++) {
      const owner = readOwner(packet, position, owners);
      if (owner === undefined) return malformed('owner name', section, i);
      const data = owner.next + 10;
      if (data > packet.length) return malformed('cut off', section, i);
      const type = packet.readUInt16BE(owner.next);
      const end = data + packet.readUInt16BE(owner.next + 8);
      if (end > packet.length) return malformed('data longer than the packet', section, i);
      position = end;
      if (type === OPT) {
        if (section === 2) extendedRcode = packet[owner.next + 4] ?? 0;
        continue;
      }
      const cls = packet.readUInt16BE(owner.next + 2);
      const fields = readData(type, cls, { packet, start: data, end });
      if (fields === undefined) return malformed(`data of type ${type}`, section, i);
      records?.push({ name: owner.name, type, class: cls, ttl: packet.readUInt32BE(owner.next + 4), fields });
    }
  }
  const [answer, authority, extra] = sections;
  const rcode = flags & 15;
  const authenticated = (flags & AUTHENTIC) !== 0;
  return {
    kind: 'reply',
    rcode,
    extendedRcode,
    octets: packet.length,
    truncated,
    answer,
    authority,
    extra,
    authenticated,
  };
}

/** Most owners are only a pointer to the question; each target is read once. */
function readOwner(
  packet: Buffer,
  position: number,
  owners: Map<number, string>,
): { readonly name: string; readonly next: number } | undefined {
  const first = packet[position] ?? 0;
  if (first < 0xc0) return readName(packet, position, packet.length);
  const target = ((first & 0x3f) << 8) | (packet[position + 1] ?? 0);
  const known = owners.get(target);
  if (known !== undefined) return { name: known, next: position + 2 };
  const read = readName(packet, position, packet.length);
  if (read !== undefined) owners.set(target, read.name);
  return read;
}

const sectionNames = ['answer', 'authority', 'additional'];

function malformed(what: string, section: number, index: number): ReadReply {
  return { kind: 'malformed', reason: `${what}, ${sectionNames[section]} record ${index + 1}` };
}
