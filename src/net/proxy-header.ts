// Writes a header of the PROXY protocol (proxy-protocol.txt of HAProxy, versions 1 and 2), for a server behind us that believes it. Pure.
import { formatIpv6 } from '../net-address/format-ip.ts';
import { isMapped, parseIp } from '../net-address/ip-address.ts';
import type { ProxyAddresses } from './proxy-facts.ts';
import { FIXED_V2, SIGNATURE_V2 } from './proxy-v2.ts';

const UNKNOWN_V1 = Buffer.from('PROXY UNKNOWN\r\n');
const LOCAL = 0x20;
const PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;

/** Undefined addresses, or what is none: for nobody, and the connection's own addresses count. */
export function proxyHeader(version: 'v1' | 'v2', addresses: ProxyAddresses | undefined): Buffer {
  const from = addresses && parseIp(addresses.source)?.octets;
  const to = addresses && parseIp(addresses.destination)?.octets;
  if (addresses === undefined || from === undefined || to === undefined)
    return version === 'v1' ? UNKNOWN_V1 : block(LOCAL, 0, Buffer.alloc(0));
  // One family for both: an IPv4 address of two families is written as IPv6.
  const is4 = isMapped(from) && isMapped(to);
  const { destinationPort, sourcePort } = addresses;
  if (version === 'v1') {
    const [source, destination] = [from, to].map((octets) =>
      is4 ? octets.subarray(12).join('.') : formatIpv6(octets),
    );
    const family = is4 ? 'TCP4' : 'TCP6';
    return Buffer.from(`PROXY ${family} ${source} ${destination} ${sourcePort} ${destinationPort}\r\n`);
  }
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(sourcePort, 0);
  ports.writeUInt16BE(destinationPort, 2);
  const skip = is4 ? 12 : 0;
  const both = Buffer.concat([from.subarray(skip), to.subarray(skip), ports]);
  return block(PROXY, is4 ? TCP4 : TCP6, both);
}

function block(command: number, family: number, content: Buffer): Buffer {
  const head = Buffer.alloc(FIXED_V2);
  SIGNATURE_V2.copy(head);
  head[12] = command;
  head[13] = family;
  head.writeUInt16BE(content.length, 14);
  return Buffer.concat([head, content]);
}
