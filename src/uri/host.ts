// The authority of a URI: [user-info@]host[:port], RFC 3986 section 3.2. It is taken apart before anything is decoded, so that an
// encoded `@`, `/` or `:` never moves the host; the last `@` counts, as in browsers. What the host then is: browser-host.ts.
import { parseIp } from '../net-address/ip-address.ts';
import { suffixIndex } from '../net-address/public-suffix.ts';
import { browserHost, isNumericHost, shortIpv6 } from './browser-host.ts';
import { decodePercent } from './percent.ts';

export interface Authority {
  readonly userInfo: string | undefined;
  /** Without brackets, with percent-encoding undone, as browserHost has it. */
  readonly host: string;
  /** Undefined when there is none, or an empty one. */
  readonly port: number | undefined;
}

/**
 * RFC 3986 reg-name (letters, digits, `-._~`, the sub-delims), octets above 127 (IDN as UTF-8 or another charset), and what browsers
 * let stand in a host besides; name servers answer for such names too.
 */
const regName = /^[A-Za-z0-9\-._~!$&'()*+,;="`{}\x80-\xff]+$/;
const domainChars = /^[A-Za-z0-9\-._\x80-\xff]+$/;
const topLabel = /^(?:[A-Za-z]+|xn--[A-Za-z0-9-]+|[A-Za-z0-9_-]*[\x80-\xff][A-Za-z0-9_\x80-\xff-]*)$/i;

/** No empty label, but for one in front and the root's at the end. */
function hasEmptyLabel(name: string): boolean {
  return name.includes('..') || name === '.';
}

/** A top-level domain can look like this: letters, punycode, or letters beyond ASCII. */
export function isTopLabel(label: string): boolean {
  return topLabel.test(label);
}

/** `last`: nothing follows the host in the URI, so its last label must look like a top-level domain (or there is no dot). */
function isHostName(host: string, last: boolean): boolean {
  if (!regName.test(host) || hasEmptyLabel(host)) return false;
  if (!last || !host.includes('.')) return true;
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  const label = /^[A-Za-z0-9_\x80-\xff-]*/.exec(name.slice(name.lastIndexOf('.') + 1))?.[0] ?? '';
  return isTopLabel(label) || isNumericHost(name);
}

/** A name as it stands in text without a scheme, as browserHost has it: a registered top-level domain with something in front of it. */
export function isBareDomain(name: string): boolean {
  const last = name.endsWith('.') ? name.slice(0, -1) : name;
  return (
    isTopLabel(last.slice(last.lastIndexOf('.') + 1)) &&
    domainChars.test(name) &&
    !hasEmptyLabel(name) &&
    suffixIndex(name) > 0
  );
}

/** Undefined for a port that is no number; zeros in front and what follows the digits do not matter. */
function readPort(text: string): { readonly port: number | undefined } | undefined {
  if (text === '') return { port: undefined };
  const digits = /^0*(\d{1,9})(?!\d)/.exec(text)?.[1];
  return digits === undefined ? undefined : { port: Number(digits) };
}

function readHost(hostPort: string, last: boolean): Omit<Authority, 'userInfo'> | undefined {
  const close = hostPort.startsWith('[') ? hostPort.indexOf(']') : -1;
  if (close > 0) {
    const host = hostPort.slice(1, close);
    const rest = hostPort.slice(close + 1);
    if (parseIp(host) === undefined || (rest !== '' && !rest.startsWith(':'))) return undefined;
    const port = readPort(rest.slice(1));
    return port === undefined ? undefined : { host: shortIpv6(host), port: port.port };
  }
  if (hostPort.includes('::') && parseIp(hostPort) !== undefined)
    return { host: shortIpv6(hostPort), port: undefined };
  const colon = hostPort.indexOf(':');
  const written = decodePercent(colon < 0 ? hostPort : hostPort.slice(0, colon));
  const port = colon < 0 ? { port: undefined } : readPort(hostPort.slice(colon + 1));
  const host = regName.test(written) ? browserHost(written) : undefined;
  if (port === undefined || host === undefined || !isHostName(host, last && colon < 0)) return undefined;
  return { host, port: port.port };
}

/** `last`: nothing follows the authority. Undefined when there is no valid host in it. */
export function parseAuthority(text: string, last: boolean): Authority | undefined {
  const at = text.lastIndexOf('@');
  const host = readHost(text.slice(at + 1), last);
  return host === undefined
    ? undefined
    : { userInfo: at < 0 ? undefined : decodePercent(text.slice(0, at)), ...host };
}
