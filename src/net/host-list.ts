// The text form of hosts: `host`, `host:port`, `1.2.3.4:25`, `[2001:db8::1]:25`, `maildir:PATH`, and lists of them. The one parser of it:
// the check of options at start, the SMTP client, the smart host, scanners, name servers, syslog and the Lua module smtp all use this, so
// that what start takes is what delivery understands. Pure; must never resolve or open anything.
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

/** A name as hosts have it: RFC 1123 section 2.1, an underscore allowed, a final dot too; never digits only at its end. */
export function isHostName(name: string): boolean {
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

/** A host with its port as it was written; `port` is undefined when none stands there. */
export interface HostPort {
  /** A name, or an address without brackets and without `IPv6:`. */
  readonly host: string;
  readonly port: number | undefined;
}

const IN_BRACKETS = 'an IP address in the brackets, [2001:db8::1] or [2001:db8::1]:port';

type HostPortOutcome =
  | ({ readonly kind: 'host' } & HostPort)
  | { readonly kind: 'invalid'; readonly expected: string };

function parseHostPort(text: string): HostPortOutcome {
  const withPort = (host: string, port: string | undefined): HostPortOutcome => {
    if (port === undefined) return { kind: 'host', host, port: undefined };
    const number = readPort(port);
    if (number === undefined) return { kind: 'invalid', expected: 'a port from 1 to 65535 behind the colon' };
    return { kind: 'host', host, port: number };
  };
  if (text.startsWith('[')) {
    const match = /^\[(?:ipv6:)?([^\]]*)\](?::(.*))?$/is.exec(text);
    const address = match?.[1];
    if (match === null || address === undefined || isIP(address) === 0) {
      return { kind: 'invalid', expected: IN_BRACKETS };
    }
    return withPort(address, match[2]);
  }
  if (isIPv6(text)) return { kind: 'host', host: text, port: undefined };
  const colon = text.indexOf(':');
  const host = colon < 0 ? text : text.slice(0, colon);
  if (isIP(host) === 0 && !isHostName(host)) return { kind: 'invalid', expected: FORMS };
  return withPort(host, colon < 0 ? undefined : text.slice(colon + 1));
}

/**
 * `host`, `host:port`, `1.2.3.4:53`, `[v6]`, `[v6]:port` or a bare IPv6 address (`::1:26` is an address, `[::1]:26` has a port);
 * undefined when it is none of them.
 */
export function readHostPort(text: string): HostPort | undefined {
  const outcome = parseHostPort(text);
  return outcome.kind === 'host' ? outcome : undefined;
}

/** One next hop; port 25 when none is named. */
export function parseTarget(text: string): Target {
  if (text.toLowerCase().startsWith(MAILDIR)) {
    const path = text.slice(MAILDIR.length);
    if (path === '' || path.includes('\0')) {
      return { kind: 'invalid', text, expected: 'a directory behind maildir:' };
    }
    return { kind: 'maildir', path, text };
  }
  const outcome = parseHostPort(text);
  if (outcome.kind === 'host')
    return { kind: 'smtp', host: outcome.host, port: outcome.port ?? SMTP_PORT, text };
  const { expected } = outcome;
  return { kind: 'invalid', text, expected: expected === FORMS ? `${FORMS} or maildir:PATH` : expected };
}

interface ListItem {
  readonly text: string;
  /** A part of it stood in quotes. */
  readonly quoted: boolean;
  /** Only blanks stand between the item before and this one. */
  readonly behindBlank: boolean;
}

/**
 * Cuts a list at blanks, commas and semicolons. Quotes ("..." or '...') keep a text with such characters together, e.g.
 * "maildir:/var/mail/all mail"; they may stand anywhere in an item and are dropped. `open` is the quote that is not closed.
 */
function cutList(text: string): { readonly items: readonly ListItem[]; readonly open: string | undefined } {
  const items: ListItem[] = [];
  let item = '';
  let begun = false;
  let quoted = false;
  let behindBlank = true;
  let open: string | undefined;
  const end = (): void => {
    if (begun) items.push({ text: item, quoted, behindBlank });
    if (begun) behindBlank = true;
    item = '';
    begun = false;
    quoted = false;
  };
  for (const c of text) {
    if (open !== undefined) {
      if (c === open) open = undefined;
      else item += c;
    } else if (c === '"' || c === "'") {
      open = c;
      begun = true;
      quoted = true;
    } else if (/[\s,;]/.test(c)) {
      end();
      if (c === ',' || c === ';') behindBlank = false;
    } else {
      item += c;
      begun = true;
    }
  }
  end();
  return { items, open };
}

/**
 * The next hops of smtp-smart-host in order, wrong ones included as `invalid`. What may be read in two ways is wrong: a quote without
 * its end, and a name behind a blank behind a maildir: without quotes (a path with a blank in it, or one more next hop?).
 */
export function parseHostList(text: string): readonly Target[] {
  const { items, open } = cutList(text);
  const targets: Target[] = [];
  let bare: string | undefined;
  for (const item of items) {
    const target = parseTarget(item.text);
    const isName = target.kind === 'invalid' || (target.kind === 'smtp' && isIP(target.host) === 0);
    if (bare !== undefined && item.behindBlank && !item.quoted && isName) {
      const expected = `a path with blanks in quotes ('"${bare} ${item.text}"'), or a comma behind it when a next hop follows`;
      targets.push({ kind: 'invalid', text: `${bare} ${item.text}`, expected });
    } else {
      targets.push(target);
    }
    bare = target.kind === 'maildir' && !item.quoted ? item.text : undefined;
  }
  if (open !== undefined) {
    targets.push({ kind: 'invalid', text, expected: `a second ${open} that ends the quotation` });
  }
  return targets;
}

/** The first next hop of the list that is none, or undefined. */
export function wrongNextHop(text: string): InvalidTarget | undefined {
  return parseHostList(text).find((target) => target.kind === 'invalid');
}
