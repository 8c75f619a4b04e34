// The attributes of XCLIENT: NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT, values in xtext (RFC 3461 section 4). Either all of a
// command are applied or none.
import { isIPv4, isIPv6 } from 'node:net';
import type { LuaValue } from '../lua/value.ts';
import { plainAddress } from '../net/address.ts';
import type { Client } from './client.ts';

export type AttributeName = 'NAME' | 'ADDR' | 'PORT' | 'PROTO' | 'HELO' | 'LOGIN' | 'DESTADDR' | 'DESTPORT';
export type Attributes = ReadonlyMap<AttributeName, string>;

export type ParsedAttributes =
  | { readonly kind: 'attributes'; readonly attributes: Attributes }
  | { readonly kind: 'invalid'; readonly word: string };

const UNAVAILABLE = /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i;

/** `+2B` and the like decoded; undefined when a `+` is followed by something else. */
export function decodeXtext(text: string): string | undefined {
  if (/\+(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replace(/\+([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** An address as XCLIENT has it: `1.2.3.4`, `IPv6:2001:db8::1`, with or without brackets. */
function readAddress(value: string): string | undefined {
  const bare = value.replace(/^\[(.*)\]$/, '$1').replace(/^ipv6:/i, '');
  return isIPv4(bare) || (isIPv6(bare) && !bare.includes('%')) ? plainAddress(bare) : undefined;
}

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) <= 65_535;
}

/** The value that is kept; '' for one that is not available; undefined when it is malformed. */
function check(name: string, value: string): readonly [AttributeName, string] | undefined {
  const unavailable = UNAVAILABLE.test(value);
  switch (name) {
    case 'NAME':
      return /[\0-\x20\x7f]/.test(value) || value === '' ? undefined : ['NAME', unavailable ? '' : value];
    case 'ADDR':
    case 'DESTADDR': {
      const address = readAddress(value);
      return address === undefined ? undefined : [name, address];
    }
    case 'PORT':
    case 'DESTPORT':
      return isPort(value) ? [name, value] : unavailable ? [name, ''] : undefined;
    case 'PROTO':
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
    if (checked === undefined) return { kind: 'invalid', word };
    attributes.set(checked[0], checked[1]);
  }
  return { kind: 'attributes', attributes };
}

/** Changes the client; gives further fields for the client table. ADDR without NAME keeps the name, as in the original. */
export function applyAttributes(
  attributes: Attributes,
  client: Client,
): Readonly<Record<string, LuaValue>> | undefined {
  const address = attributes.get('ADDR');
  if (address !== undefined) {
    if (!client.hostKnown) client.host = `[${address}]`;
    client.hostConfirmed = false;
    client.address = address;
  }
  const name = attributes.get('NAME');
  if (name !== undefined && name !== '') {
    client.host = name.toLowerCase().replace(/\.$/, '');
    client.hostKnown = true;
    client.hostConfirmed = true;
  }
  const port = attributes.get('PORT');
  if (port !== undefined && port !== '') client.port = Number(port);
  const local = attributes.get('DESTADDR');
  if (local !== undefined) client.localAddress = local;
  const login = attributes.get('LOGIN');
  return login === undefined ? undefined : { auth_user: login === '' ? undefined : login };
}
