// The data of one record as fields (DnsRecord.fields), per type. dns-packet decodes numbers, texts and digests; lengths are checked
// first, because it does not (RDLENGTH, a digest that is not there). Names and strings it would decode as UTF-8 are read here.
import { isIP } from 'node:net';
import dnsPacket from 'dns-packet';
import { formatIPv6 } from './address-text.ts';
import { readName } from './name.ts';
import type { DnsRecord } from './resolver-api.ts';
import { serviceParameters } from './service-parameters.ts';

export type Fields = DnsRecord['fields'];

/** Data of a record: octets `start` (behind RDLENGTH) to `end` of the packet; names in it may point anywhere before. */
export interface DataRange {
  readonly packet: Buffer;
  readonly start: number;
  readonly end: number;
}

type Reader = (range: DataRange) => Fields | undefined;

interface Codec {
  decode(packet: Buffer, offset: number): unknown;
}

/** The codec of one type, as dns-packet exports it (its type package leaves it out). */
function codec(type: string): Codec {
  return (dnsPacket as unknown as { record(type: string): Codec }).record(type);
}

/** dns-packet's data of one record, read from RDLENGTH on and not beyond the record's end; undefined when it throws. */
function decodeWith<T>(of: Codec, { packet, start, end }: DataRange): T | undefined {
  try {
    return of.decode(packet.subarray(0, end), start - 2) as T;
  } catch {
    return undefined;
  }
}

/** A name that ends exactly where the record does. */
function lastName({ packet, end }: DataRange, offset: number): string | undefined {
  const read = readName(packet, offset, end);
  return read?.next === end ? read.name : undefined;
}

const aCodec = codec('A');
const address4: Reader = (range) => {
  if (range.end - range.start !== 4) return undefined;
  const value = decodeWith<string>(aCodec, range);
  return value !== undefined && isIP(value) === 4 ? { value } : undefined;
};

// Not dns-packet's: it shortens the first run of zeros, RFC 5952 the longest.
const address6: Reader = ({ packet, start, end }) =>
  end - start === 16 ? { value: formatIPv6(packet, start) } : undefined;

const host: Reader = (range) => {
  const value = lastName(range, range.start);
  return value === undefined ? undefined : { value };
};

const exchanger: Reader = (range) => {
  if (range.end - range.start < 3) return undefined;
  const value = lastName(range, range.start + 2);
  return value === undefined ? undefined : { preference: range.packet.readUInt16BE(range.start), value };
};

const txtCodec = codec('TXT');
const text: Reader = (range) => {
  const strings = decodeWith<readonly Buffer[]>(txtCodec, range);
  if (strings === undefined || strings.length === 0) return undefined;
  const value = Buffer.concat(strings);
  // One string is the value itself: nothing is kept twice in the cache.
  return strings.length === 1 ? { value } : { value, strings: strings.map((one) => one.toString('latin1')) };
};

interface SoaNumbers {
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

const soaCodec = codec('SOA');
const startOfZone: Reader = (range) => {
  const { packet, start, end } = range;
  const mname = readName(packet, start, end);
  const rname = mname === undefined ? undefined : readName(packet, mname.next, end);
  if (mname === undefined || rname === undefined || end - rname.next !== 20) return undefined;
  const numbers = decodeWith<SoaNumbers>(soaCodec, range);
  if (numbers === undefined) return undefined;
  const { serial, refresh, retry, expire, minimum } = numbers;
  return { mname: mname.name, rname: rname.name, serial, refresh, retry, expire, minimum };
};

const srvCodec = codec('SRV');
const service: Reader = (range) => {
  const value = range.end - range.start < 7 ? undefined : lastName(range, range.start + 6);
  const numbers = decodeWith<{ priority: number; weight: number; port: number }>(srvCodec, range);
  if (value === undefined || numbers === undefined) return undefined;
  return { priority: numbers.priority, weight: numbers.weight, port: numbers.port, value };
};

const tlsaCodec = codec('TLSA');
const certificate: Reader = (range) => {
  if (range.end - range.start < 4) return undefined;
  const data = decodeWith<{ usage: number; selector: number; matchingType: number; certificate: Buffer }>(
    tlsaCodec,
    range,
  );
  if (data === undefined) return undefined;
  const { usage, selector, matchingType } = data;
  return { usage, selector, matching: matchingType, value: data.certificate.toString('hex') };
};

const dsCodec = codec('DS');
const delegation: Reader = (range) => {
  if (range.end - range.start < 5) return undefined;
  const data = decodeWith<{ keyTag: number; algorithm: number; digestType: number; digest: Buffer }>(
    dsCodec,
    range,
  );
  if (data === undefined) return undefined;
  return {
    key_tag: data.keyTag,
    algorithm: data.algorithm,
    digest_type: data.digestType,
    value: data.digest.toString('hex'),
  };
};

const dnskeyCodec = codec('DNSKEY');
const zoneKey: Reader = (range) => {
  if (range.end - range.start < 5) return undefined;
  const data = decodeWith<{ flags: number; algorithm: number; key: Buffer }>(dnskeyCodec, range);
  if (data === undefined) return undefined;
  return { flags: data.flags, protocol: 3, algorithm: data.algorithm, value: data.key.toString('base64') };
};

/** Character-strings (RFC 1035 section 3.3) one after the other, as latin1; `next` is the offset behind the last. */
function characterStrings(
  { packet, end }: DataRange,
  offset: number,
  count: number,
): { readonly strings: readonly string[]; readonly next: number } | undefined {
  const strings: string[] = [];
  let position = offset;
  for (let i = 0; i < count; i++) {
    const stop = position + 1 + (packet[position] ?? 0);
    if (position >= end || stop > end) return undefined;
    strings.push(packet.toString('latin1', position + 1, stop));
    position = stop;
  }
  return { strings, next: position };
}

const naming: Reader = (range) => {
  if (range.end - range.start < 8) return undefined;
  const read = characterStrings(range, range.start + 4, 3);
  const value = read === undefined ? undefined : lastName(range, read.next);
  if (read === undefined || value === undefined) return undefined;
  const [flags = '', services = '', regexp = ''] = read.strings;
  const order = range.packet.readUInt16BE(range.start);
  return { order, preference: range.packet.readUInt16BE(range.start + 2), flags, services, regexp, value };
};

const authority: Reader = (range) => {
  if (range.end - range.start < 3) return undefined;
  const read = characterStrings(range, range.start + 1, 1);
  const tag = read?.strings[0];
  if (read === undefined || tag === undefined || tag === '') return undefined;
  return {
    flags: range.packet[range.start] ?? 0,
    tag,
    value: range.packet.toString('latin1', read.next, range.end),
  };
};

const hostInformation: Reader = (range) => {
  const read = characterStrings(range, range.start, 2);
  if (read?.next !== range.end) return undefined;
  const [cpu = '', os = ''] = read.strings;
  return { cpu, os };
};

const mailbox: Reader = (range) => {
  const rmailbx = readName(range.packet, range.start, range.end);
  const emailbx = rmailbx === undefined ? undefined : lastName(range, rmailbx.next);
  return rmailbx === undefined || emailbx === undefined ? undefined : { rmailbx: rmailbx.name, emailbx };
};

const binding: Reader = (range) => {
  if (range.end - range.start < 3) return undefined;
  const target = readName(range.packet, range.start + 2, range.end);
  if (target === undefined) return undefined;
  const params = serviceParameters(range.packet, target.next, range.end);
  if (params === undefined) return undefined;
  return { priority: range.packet.readUInt16BE(range.start), value: target.name, params };
};

/** NULL, and every type without a reader: the octets as they are. */
const octets: Reader = ({ packet, start, end }) => ({ value: Buffer.from(packet.subarray(start, end)) });

const readers = new Map<number, Reader>([
  [1, address4],
  [2, host],
  [5, host],
  [6, startOfZone],
  [12, host],
  [13, hostInformation],
  [14, mailbox],
  [15, exchanger],
  [16, text],
  [28, address6],
  [33, service],
  [35, naming],
  [39, host],
  [43, delegation],
  [48, zoneKey],
  [52, certificate],
  [64, binding],
  [65, binding],
  [99, text],
  [257, authority],
]);

/** Types whose data is defined for class IN only (RFC 1035 section 3.4). */
const internetOnly = new Set([1, 28]);

/** The fields of a record of `type`; undefined when its data is not what that type has. Octets are copied out of the packet. */
export function readData(type: number, cls: number, range: DataRange): Fields | undefined {
  const reader = cls !== 1 && internetOnly.has(type) ? octets : (readers.get(type) ?? octets);
  return reader(range);
}
