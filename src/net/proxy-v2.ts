// A header of the PROXY protocol, version 2: octets (proxy-protocol.txt section 2.2). Pure. What is understood by halves is refused; types that
// nobody here knows are passed over, as the specification wants it.
import { crc32c } from '../base/crc32c.ts';
import type { ProxyAddresses, ProxyHeader } from './proxy-facts.ts';
import { addressText } from './proxy-v1.ts';
import { type CertificateFacts, cipherBits, cleanText, type TlsFacts } from './tls-facts.ts';

export const SIGNATURE_V2 = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
/** Octets of the signature, of version and command, family, and length. */
export const FIXED_V2 = SIGNATURE_V2.length + 4;
/** The longest that may follow. */
const LONGEST = 4096;
const LONGEST_ID = 128;
const LONGEST_NAME = 255;

const LOCAL = 0x20;
const PROXY = 0x21;

// Family and kind of a socket.
const UNSPEC = 0x00;
const TCP4 = 0x11;
const TCP6 = 0x21;
const UNIX = 0x31;

/** Octets of the addresses of each family that is taken; the others are datagrams, or unknown. */
const addressLength: ReadonlyMap<number, number> = new Map([
  [UNSPEC, 0],
  [TCP4, 12],
  [TCP6, 36],
  [UNIX, 216],
]);

const ALPN = 0x01;
const AUTHORITY = 0x02;
const CRC32C = 0x03;
const UNIQUE_ID = 0x05;
const SSL = 0x20;
const SSL_VERSION = 0x21;
const SSL_CN = 0x22;
const SSL_CIPHER = 0x23;

/** Those that may stand once only: of two nobody knows which counts. */
const ONCE: ReadonlySet<number> = new Set([
  ALPN,
  AUTHORITY,
  CRC32C,
  UNIQUE_ID,
  SSL,
  SSL_VERSION,
  SSL_CN,
  SSL_CIPHER,
]);

/** What is wrong with the octets behind the signature as far as they are there: it is said as soon as it is seen. */
export function wrongV2(head: Buffer): string | undefined {
  const [command, family, high] = [head[12], head[13], head[14]];
  if (command === undefined) return undefined;
  if (command >> 4 !== 2) return `version ${command >> 4} behind the signature of version 2`;
  if (command !== LOCAL && command !== PROXY) return `unknown command ${command & 15}`;
  // LOCAL: whatever the family is, it does not count.
  if (family !== undefined && command === PROXY && !addressLength.has(family)) {
    return `neither a stream of IPv4 or IPv6 nor local: family 0x${hex(family)}`;
  }
  if (high !== undefined && high << 8 > LONGEST) return `longer than ${LONGEST} octets`;
  if (head.length >= FIXED_V2 && head.readUInt16BE(14) > LONGEST) return `longer than ${LONGEST} octets`;
  return undefined;
}

/** The header that is all of `bytes`, about which wrongV2 has nothing to say; or what is wrong with it. */
export function readProxyV2(bytes: Buffer): ProxyHeader | string {
  const family = bytes[13] as number;
  if (bytes[12] === LOCAL) return { version: 2, addresses: undefined, check: true };
  // Nothing is known of what stands behind an unspecified family: it is passed over whole.
  if (family === UNSPEC) return { version: 2, addresses: undefined, check: false };
  const start = FIXED_V2 + (addressLength.get(family) ?? 0);
  if (bytes.length < start) return 'too short for its addresses';
  const items = readItems(bytes.subarray(start));
  if (typeof items === 'string') return items;
  const sum = items.get(CRC32C);
  if (sum !== undefined && !isSum(bytes, sum)) return 'wrong CRC-32C';
  const authority = items.get(AUTHORITY)?.toString('latin1');
  if (authority !== undefined && (authority.length > LONGEST_NAME || /[\0-\x20\x7f]/.test(authority))) {
    return 'no name as authority';
  }
  const id = items.get(UNIQUE_ID);
  if (id !== undefined && id.length > LONGEST_ID) return `unique id of more than ${LONGEST_ID} octets`;
  const alpn = items.get(ALPN)?.toString('latin1');
  const ssl = items.get(SSL);
  const tls = ssl && readTls(ssl, authority, alpn);
  if (typeof tls === 'string') return tls;
  return {
    version: 2,
    addresses: readAddresses(family, bytes),
    check: false,
    ...(authority ? { authority } : {}),
    ...(alpn ? { alpn: cleanText(alpn) } : {}),
    ...(id !== undefined && id.length > 0 ? { uniqueId: id.toString('hex') } : {}),
    ...(tls === undefined ? {} : { tls }),
  };
}

function readAddresses(family: number, bytes: Buffer): ProxyAddresses | undefined {
  const at = (offset: number, length: number): string => {
    const octets = bytes.subarray(FIXED_V2 + offset, FIXED_V2 + offset + length);
    return length === 4 ? octets.join('.') : addressText(octets);
  };
  const length = family === TCP4 ? 4 : 16;
  // UNIX: a path is no address.
  if (family === UNIX) return undefined;
  return {
    source: at(0, length),
    destination: at(length, length),
    sourcePort: bytes.readUInt16BE(FIXED_V2 + 2 * length),
    destinationPort: bytes.readUInt16BE(FIXED_V2 + 2 * length + 2),
  };
}

/** Type, length, value, one after the other. */
function readItems(bytes: Buffer): ReadonlyMap<number, Buffer> | string {
  const items = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const type = bytes[at] as number;
    const length = at + 3 <= bytes.length ? bytes.readUInt16BE(at + 1) : Number.POSITIVE_INFINITY;
    const next = at + 3 + length;
    if (next > bytes.length) return 'a value is cut off';
    if (ONCE.has(type)) {
      if (items.has(type)) return `type 0x${hex(type)} twice`;
      items.set(type, bytes.subarray(at + 3, next));
    }
    at = next;
  }
  return items;
}

/** Over the whole header, the sum itself taken as zeroes. */
function isSum(bytes: Buffer, sum: Buffer): boolean {
  if (sum.length !== 4) return false;
  const zeroed = Buffer.from(bytes);
  zeroed.fill(0, sum.byteOffset - bytes.byteOffset, sum.byteOffset - bytes.byteOffset + 4);
  return crc32c(zeroed) === sum.readUInt32BE(0);
}

/** Undefined: the client speaks no TLS. */
function readTls(ssl: Buffer, name = '', alpn = ''): TlsFacts | string | undefined {
  if (ssl.length < 5) return 'type 0x20 is too short';
  const items = readItems(ssl.subarray(5));
  if (typeof items === 'string') return items;
  const client = ssl[0] as number;
  if ((client & 1) === 0) return undefined;
  const text = (type: number): string => cleanText(items.get(type)?.toString('latin1') ?? '');
  const cipher = text(SSL_CIPHER);
  return {
    by: 'proxy',
    version: text(SSL_VERSION),
    cipher,
    bits: cipherBits(cipher),
    name: name === '' ? undefined : name,
    alpn: alpn === '' ? undefined : cleanText(alpn),
    resumed: false,
    implicit: true,
    // 2: shown in this connection, 4: in this TLS session, which was resumed.
    certificate: (client & 6) === 0 ? undefined : certificate(ssl.readUInt32BE(1), text(SSL_CN)),
  };
}

/** All that a balancer tells of a certificate. */
function certificate(verify: number, commonName: string): CertificateFacts {
  const verified = verify === 0;
  return {
    result: verified ? 'verified' : 'untrusted',
    cause: verified ? undefined : `not verified by the balancer (${verify})`,
    subject: '',
    commonName,
    names: [],
    issuer: '',
    serial: '',
    fingerprint: '',
    notAfter: '',
  };
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}
