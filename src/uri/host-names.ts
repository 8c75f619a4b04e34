// What a host is called by those who are asked about it (block lists, name servers): the address in its one canonical form, the name in
// punycode and lower case, and the registered domain that it belongs to. Of the host as browser-host.ts gives it; latin1.
import { domainToASCII } from 'node:url';
import { formatIp } from '../net-address/format-ip.ts';
import { parseIp } from '../net-address/ip-address.ts';
import { registeredDomain } from '../net-address/public-suffix.ts';

export interface HostNames {
  /** An IPv4 address as four decimal numbers, that of an IPv4-mapped one too; IPv6 by RFC 5952. */
  readonly address: string | undefined;
  /** Of a name: in lower case, beyond ASCII in punycode, without a dot at the end. Undefined when no browser takes it for a name. */
  readonly ascii: string | undefined;
  readonly domain: string | undefined;
}

const none: HostNames = { address: undefined, ascii: undefined, domain: undefined };

function asciiName(host: string): string {
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  // Lower-casing is for ASCII only: what is beyond it is octets here.
  if (/^[\x00-\x7f]*$/.test(name)) return name.toLowerCase();
  return domainToASCII(Buffer.from(name, 'latin1').toString('utf8'));
}

export function hostNames(host: string | undefined): HostNames {
  if (host === undefined || host === '') return none;
  const ip = /^[\d.]+$|:/.test(host) ? parseIp(host) : undefined;
  if (ip !== undefined) return { address: formatIp(ip, 'compact'), ascii: undefined, domain: undefined };
  const ascii = asciiName(host);
  // Browsers take what ends in a number for an address, and this is none.
  if (/(?:^|\.)(?:\d+|0x[\da-f]*)$/.test(ascii)) return none;
  return ascii === '' ? none : { address: undefined, ascii, domain: registeredDomain(ascii) };
}
