// Where administration is listened for, option admin-listen: an address and a port, or a UNIX socket. Pure.
import { isIP, isIPv4 } from 'node:net';

export type AdminPlace =
  | { readonly kind: 'none' }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export const ADMIN_PLACES = '127.0.0.1:9101, [::1]:9101 or unix:/run/smtpe/admin.sock';
/** Octets of a path, by sockaddr_un(7). */
const LONGEST_PATH = 107;

/** Undefined: it is none. */
export function readAdminListen(text: string): AdminPlace | undefined {
  if (text === '') return { kind: 'none' };
  if (text.startsWith('unix:')) {
    const path = text.slice(5);
    return path.startsWith('/') && path.length <= LONGEST_PATH ? { kind: 'unix', path } : undefined;
  }
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (match === null || isIP(host) === 0 || host.includes('%') || isIPv4(host) === (match[1] !== undefined))
    return undefined;
  return port > 65_535 ? undefined : { kind: 'tcp', host, port };
}

/** Nobody but programs of this machine can reach it. */
export function isLoopbackPlace(place: AdminPlace): boolean {
  if (place.kind !== 'tcp') return true;
  return isIPv4(place.host)
    ? /^127\./.test(place.host)
    : new URL(`http://[${place.host}]`).hostname === '[::1]';
}
