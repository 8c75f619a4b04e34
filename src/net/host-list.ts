// The text form of next hops: `host`, `host:port`, `1.2.3.4:25`, `[2001:db8::1]:25`, `maildir:PATH`, and lists of them. Used by the
// SMTP client, by the smart host, by the Lua module smtp and by the check of option smtp-smart-host at start. Pure.
import { isIP, isIPv6 } from 'node:net';

export const SMTP_PORT = 25;

export interface SmtpTarget {
  readonly kind: 'smtp';
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** As it was written; for logs. */
  readonly text: string;
}

export interface MaildirTarget {
  readonly kind: 'maildir';
  readonly path: string;
  readonly text: string;
}

/** `expected` says what would be right. */
export interface InvalidTarget {
  readonly kind: 'invalid';
  readonly text: string;
  readonly expected: string;
}

export type Target = SmtpTarget | MaildirTarget | InvalidTarget;

const FORMS = 'host, host:port, [IPv6]:port';
const MAILDIR = 'maildir:';

/** RFC 1123 section 2.1, and the underscore that real zones have. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

function isHostName(name: string): boolean {
  const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.');
  // A last label of digits only is a mistyped address (1.2.3, 1.2.3.400), never a name.
  return (
    name.length <= 254 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '')
  );
}

function readPort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** One next hop. A bare IPv6 address stands for port 25 of it: `::1:26` is an address, `[::1]:26` has a port. */
export function parseTarget(text: string): Target {
  const invalid = (expected: string): InvalidTarget => ({ kind: 'invalid', text, expected });
  if (text.toLowerCase().startsWith(MAILDIR)) {
    const path = text.slice(MAILDIR.length);
    if (path === '' || path.includes('\0')) return invalid('a directory behind maildir:');
    return { kind: 'maildir', path, text };
  }
  const smtp = (host: string, port: string | undefined): Target => {
    const number = port === undefined ? SMTP_PORT : readPort(port);
    if (number === undefined) return invalid('a port from 1 to 65535 behind the colon');
    return { kind: 'smtp', host, port: number, text };
  };
  if (text.startsWith('[')) {
    const match = /^\[(?:ipv6:)?([^\]]*)\](?::(.*))?$/is.exec(text);
    const address = match?.[1];
    if (match === null || address === undefined || isIP(address) === 0) {
      return invalid('an IP address in the brackets, [2001:db8::1] or [2001:db8::1]:port');
    }
    return smtp(address, match[2]);
  }
  if (isIPv6(text)) return smtp(text, undefined);
  const colon = text.indexOf(':');
  const host = colon < 0 ? text : text.slice(0, colon);
  if (isIP(host) === 0 && !isHostName(host)) return invalid(`${FORMS} or maildir:PATH`);
  return smtp(host, colon < 0 ? undefined : text.slice(colon + 1));
}

/**
 * Splits the value of smtp-smart-host at blanks, commas and semicolons. Quotes ("..." or '...') keep a text with such characters
 * together, e.g. "maildir:/var/mail/all mail"; they may stand anywhere in an item and are dropped.
 */
export function splitHostList(text: string): readonly string[] {
  const items: string[] = [];
  const item = /(?:"[^"]*"|'[^']*'|[^\s,;])+/g;
  for (const [found] of text.matchAll(item)) {
    items.push(found.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
  }
  return items;
}

/** The next hops of smtp-smart-host in order, wrong ones included as `invalid`. */
export function parseHostList(text: string): readonly Target[] {
  return splitHostList(text).map(parseTarget);
}
