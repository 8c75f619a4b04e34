// XCLIENT towards a next hop (Postfix XCLIENT_README): whom we speak for, with the attributes that it offers. Pure.
import { isIPv6 } from 'node:net';
import type { ForwardedClient } from '../../delivery/port/forwarded-client.ts';
import { encodeXtext } from '../protocol/xtext.ts';

/** Octets of a stranger's text that go on. */
const LONGEST = 255;
const UNAVAILABLE = '[UNAVAILABLE]';

/** `offered`: what stands behind XCLIENT in EHLO. Undefined when it offers nothing that we could say. */
export function xclientLine(offered: string, client: ForwardedClient): string | undefined {
  const values: Readonly<Record<string, string>> = {
    NAME: client.host ?? UNAVAILABLE,
    ADDR: isIPv6(client.address) ? `IPV6:${client.address}` : client.address,
    PORT: client.port === 0 ? UNAVAILABLE : String(client.port),
    PROTO: client.protocol,
    HELO: textOf(client.helo),
    LOGIN: textOf(client.login ?? ''),
  };
  const said = offered.toUpperCase().split(/\s+/);
  const attributes = Object.entries(values).filter(([name]) => said.includes(name));
  if (attributes.length === 0) return undefined;
  return `XCLIENT ${attributes.map(([name, value]) => `${name}=${value}`).join(' ')}\r\n`;
}

/** What the client itself has said: it may be anything, UNAVAILABLE too. */
function textOf(text: string): string {
  const clean = text.replace(/[\x00-\x1f\x7f]/g, '?').slice(0, LONGEST);
  if (clean === '') return UNAVAILABLE;
  return /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i.test(clean) ? '?' : encodeXtext(clean);
}
