// The attributes of XCLIENT: NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT, values in xtext (RFC 3461 section 4). Either all of a
// command are applied or none.
import { isIPv4, isIPv6 } from 'node:net';
import { canonicalAddress } from '../../dns/address-text.ts';
import { clientName } from '../../net/client-name.ts';
import { isHostName } from '../../net-address/host-list.ts';
import type { xclientAttributes } from '../protocol/extension-table.ts';
import { decodeXtext } from '../protocol/xtext.ts';
import type { Client } from './client.ts';
import type { Applied } from './command.ts';

export type AttributeName = (typeof xclientAttributes)[number];
export type Attributes = ReadonlyMap<AttributeName, string>;

export type ParsedAttributes =
  | { readonly kind: 'attributes'; readonly attributes: Attributes }
  | { readonly kind: 'invalid'; readonly word: string };

const UNAVAILABLE = /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i;

/** An address as XCLIENT has it: `1.2.3.4`, `IPv6:2001:db8::1`, with or without brackets. One spelling, as of those of sockets. */
function readAddress(value: string): string | undefined {
  const bare = value.replace(/^\[(.*)\]$/, '$1').replace(/^ipv6:/i, '');
  return isIPv4(bare) || (isIPv6(bare) && !bare.includes('%')) ? canonicalAddress(bare) : undefined;
}

/** As Postfix: a host name and no address. That the client is this machine says no name of it. */
function readName(value: string): readonly ['NAME', string] | undefined {
  const name = value.toLowerCase().replace(/\.$/, '');
  if (!isHostName(name)) return undefined;
  return ['NAME', clientName(name) ?? ''];
}

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) <= 65_535;
}

/** The value that is kept; '' for one that is not available; undefined when it is malformed. */
function check(name: string, value: string): readonly [AttributeName, string] | undefined {
  const unavailable = UNAVAILABLE.test(value);
  switch (name) {
    case 'NAME':
      return unavailable ? [name, ''] : readName(value);
    case 'ADDR':
    case 'DESTADDR': {
      // A client without address is nobody whom a policy could judge.
      if (unavailable && name === 'DESTADDR') return [name, ''];
      const address = readAddress(value);
      return address === undefined ? undefined : [name, address];
    }
    case 'PORT':
    case 'DESTPORT':
      return isPort(value) ? [name, value] : unavailable ? [name, ''] : undefined;
    case 'PROTO':
      return /^E?SMTP$/i.test(value) || unavailable ? [name, unavailable ? '' : value] : undefined;
    case 'HELO':
    case 'LOGIN':
      return value === '' || /[\0-\x1f\x7f]/.test(value) ? undefined : [name, unavailable ? '' : value];
    default:
      return undefined;
  }
}

export function parseAttributes(items: readonly string[]): ParsedAttributes {
  const attributes = new Map<AttributeName, string>();
  for (const word of items) {
    const equals = word.indexOf('=');
    const value = equals < 0 ? undefined : decodeXtext(word.slice(equals + 1));
    const checked = value === undefined ? undefined : check(word.slice(0, equals).toUpperCase(), value);
    if (checked === undefined || attributes.has(checked[0])) return { kind: 'invalid', word };
    attributes.set(checked[0], checked[1]);
  }
  return { kind: 'attributes', attributes };
}

/**
 * The client that the attributes describe, over `client`. A new address without NAME has no name, and without PORT no port (0): those of
 * the client before are not its own. An attribute that is not available is not known. LOGIN counts for this client only.
 */
export function applyAttributes(
  attributes: Attributes,
  client: Client,
): Extract<Applied, { kind: 'client' }> {
  const address = attributes.get('ADDR') ?? client.address;
  const same = address === client.address;
  const name = attributes.get('NAME') ?? (same && client.hostKnown ? client.host : '');
  const port = attributes.get('PORT') ?? (same ? String(client.port) : '');
  const local = attributes.get('DESTADDR') ?? client.localAddress ?? '';
  const sameLocal = local === (client.localAddress ?? '');
  const localPort = attributes.get('DESTPORT') ?? (sameLocal ? String(client.localPort ?? '') : '');
  const login = attributes.get('LOGIN') ?? '';
  return {
    kind: 'client',
    client: {
      peer: client.peer,
      address,
      port: Number(port),
      localAddress: local === '' ? undefined : local,
      localPort: localPort === '' ? undefined : Number(localPort),
      proxy: client.proxy,
      rightsAddress: same ? client.rightsAddress : address,
      host: name === '' ? `[${address}]` : name,
      hostKnown: name !== '',
      // NAME is a name that the proxy has confirmed.
      hostConfirmed: attributes.get('NAME') !== undefined ? name !== '' : same && client.hostConfirmed,
      // That of the connection, whoever speaks over it.
      tls: client.tls,
    },
    auth: login === '' ? undefined : { user: login, mechanism: undefined, source: 'XCLIENT' },
  };
}
