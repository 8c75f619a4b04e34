// A header of the PROXY protocol, version 1: one line of text (proxy-protocol.txt section 2.1). Pure.
import { isIPv4, isIPv6 } from 'node:net';
import { formatIpv6 } from '../net-address/format-ip.ts';
import { isMapped, parseIp } from '../net-address/ip-address.ts';
import type { ProxyHeader } from './proxy-facts.ts';

/** Octets of the longest line, CRLF included. */
export const LONGEST_V1 = 107;

/** The header that `line` (latin1, without its CRLF) is, or what is wrong with it. */
export function readProxyV1(line: string): ProxyHeader | string {
  const words = line.split(' ');
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = ''] = words;
  // What follows UNKNOWN is to be ignored.
  if (family === 'UNKNOWN') return { version: 1, addresses: undefined, check: false };
  if (family !== 'TCP4' && family !== 'TCP6') return 'version 1: TCP4, TCP6 or UNKNOWN expected';
  if (words.length !== 6) return 'version 1: two addresses and two ports expected, one blank between them';
  const from = readAddress(family, source);
  const to = readAddress(family, destination);
  if (from === undefined || to === undefined) return `version 1: no address of ${family}`;
  const ports = [sourcePort, destinationPort].map(readPort);
  const [fromPort, toPort] = ports;
  if (fromPort === undefined || toPort === undefined) return 'version 1: no port';
  return {
    version: 1,
    addresses: { source: from, sourcePort: fromPort, destination: to, destinationPort: toPort },
    check: false,
  };
}

/** One spelling for each address. node:net takes no leading zeros in IPv4, and a zone (`%eth0`) is no part of an address. */
function readAddress(family: 'TCP4' | 'TCP6', text: string): string | undefined {
  if (family === 'TCP4') return isIPv4(text) ? text : undefined;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const ip = parseIp(text);
  return ip && addressText(ip.octets);
}

/** The text of 16 octets; mapped IPv4 is IPv4. */
export function addressText(octets: Uint8Array): string {
  if (isMapped(octets)) return octets.subarray(12).join('.');
  return formatIpv6(octets);
}

function readPort(text: string): number | undefined {
  if (!/^(?:0|[1-9]\d{0,4})$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}
