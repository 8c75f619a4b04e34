// The text form of hosts: `host`, `host:port`, `1.2.3.4:25`, `[2001:db8::1]:25`, `host:465/tls`, `lmtp:host:port`, `lmtp:PATH`, `maildir:PATH`,
// `accounts:`, the path of a socket, and lists of them.
// The one parser of it: the check of options at start, the SMTP client, the smart host, scanners, name servers, syslog and the Lua module
// smtp all use this, so that what start takes is what delivery understands. Pure; must never resolve or open anything.
import { isIP, isIPv6 } from 'node:net';

const SMTP_PORT = 25;
/** RFC 8314 section 7.3. */
const SUBMISSIONS_PORT = 465;
/** RFC 2033 names no port but this one that must not be used; IANA has 24 for private mail systems, and Dovecot uses it. */
const LMTP_PORT = 24;

export interface SmtpTarget {
  readonly kind: 'smtp';
  /** What is spoken there; LMTP is RFC 2033. */
  readonly protocol: 'smtp' | 'lmtp';
  /** A name, or an address without brackets; of a socket its path. */
  readonly host: string;
  /** 0 of a socket. */
  readonly port: number;
  /** The host is the path of a UNIX socket. */
  readonly isSocket: boolean;
  /** TLS from the first octet (`/tls`). */
  readonly implicitTls: boolean;
  /** As it was written; for logs. */
  readonly text: string;
}

export interface MaildirTarget {
  readonly kind: 'maildir';
  readonly path: string;
  readonly text: string;
}

/** The accounts of this machine. */
export interface AccountsTarget {
  readonly kind: 'accounts';
  readonly text: string;
}

/** `expected` says what would be right. */
export interface InvalidTarget {
  readonly kind: 'invalid';
  readonly text: string;
  readonly expected: string;
}

export type Target = SmtpTarget | MaildirTarget | AccountsTarget | InvalidTarget;

const FORMS = 'host, host:port, [IPv6]:port';
const MAILDIR = 'maildir:';
const LMTP = 'lmtp:';
export const ACCOUNTS = 'accounts:';
/** unix(7). What is longer would be cut without a word, and might be another socket. */
export const LONGEST_SOCKET_PATH = 107;
const TLS_FLAG = '/tls';
const ALL_FORMS = `${FORMS}, each with /tls behind it for TLS from the first octet, lmtp:HOST:PORT, lmtp:PATH, maildir:PATH or accounts:`;

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
  const scheme = /^[a-z]+:\/\//i.exec(text)?.[0];
  if (scheme !== undefined) return { kind: 'invalid', expected: `a host without ${scheme} in front` };
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

/** One next hop; port 25 when none is named, 465 with /tls, 24 for LMTP. */
export function parseTarget(text: string): Target {
  const lower = text.toLowerCase();
  if (lower.startsWith(ACCOUNTS)) {
    return lower === ACCOUNTS
      ? { kind: 'accounts', text }
      : { kind: 'invalid', text, expected: 'nothing behind accounts:' };
  }
  if (lower.startsWith(MAILDIR)) {
    const path = text.slice(MAILDIR.length);
    if (path === '' || path.includes('\0')) {
      return { kind: 'invalid', text, expected: 'a directory behind maildir:' };
    }
    // What stands for a recipient is put in by delivery/mailbox-path.
    if (/%(?![und%])/.test(path)) {
      const expected = '%u, %n or %d behind a percent sign in the path of maildir:, %% for one of its own';
      return { kind: 'invalid', text, expected };
    }
    return { kind: 'maildir', path, text };
  }
  if (!lower.startsWith(LMTP)) return parseServer(text, text, 'smtp');
  const rest = text.slice(LMTP.length);
  if (!rest.startsWith('/')) return parseServer(text, rest, 'lmtp');
  if (rest.includes('\0')) return { kind: 'invalid', text, expected: 'a path without NUL behind lmtp:' };
  if (Buffer.byteLength(rest) > LONGEST_SOCKET_PATH)
    return {
      kind: 'invalid',
      text,
      expected: `a path of at most ${LONGEST_SOCKET_PATH} octets behind lmtp:`,
    };
  return { kind: 'smtp', protocol: 'lmtp', host: rest, port: 0, isSocket: true, implicitTls: false, text };
}

function parseServer(text: string, server: string, protocol: 'smtp' | 'lmtp'): Target {
  const implicitTls = server.toLowerCase().endsWith(TLS_FLAG);
  const outcome = parseHostPort(implicitTls ? server.slice(0, -TLS_FLAG.length) : server);
  if (outcome.kind === 'invalid') {
    const { expected } = outcome;
    return { kind: 'invalid', text, expected: expected === FORMS ? ALL_FORMS : expected };
  }
  const usual = protocol === 'lmtp' ? LMTP_PORT : implicitTls ? SUBMISSIONS_PORT : SMTP_PORT;
  return {
    kind: 'smtp',
    protocol,
    host: outcome.host,
    port: outcome.port ?? usual,
    isSocket: false,
    implicitTls,
    text,
  };
}

/** A server that a policy names, for clamd and spamd. */
export type ServiceTarget =
  | { readonly kind: 'unix'; readonly text: string; readonly path: string }
  | { readonly kind: 'tcp'; readonly text: string; readonly host: string; readonly port: number };

/** An absolute socket path, or a host as readHostPort has it; undefined when it is neither. */
export function readServiceTarget(text: string, defaultPort: number): ServiceTarget | undefined {
  if (text.includes('\0')) return undefined;
  if (text.startsWith('/')) return { kind: 'unix', text, path: text };
  const parts = readHostPort(text);
  if (parts === undefined) return undefined;
  return { kind: 'tcp', text, host: parts.host, port: parts.port ?? defaultPort };
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
 * its end, and a name behind a blank behind a path without quotes (a path with a blank in it, or one more next hop?).
 */
export function parseHostList(text: string): readonly Target[] {
  const { items, open } = cutList(text);
  const targets: Target[] = [];
  let bare: string | undefined;
  for (const item of items) {
    const target = parseTarget(item.text);
    const isName =
      target.kind === 'invalid' || (target.kind === 'smtp' && !target.isSocket && isIP(target.host) === 0);
    if (bare !== undefined && item.behindBlank && !item.quoted && isName) {
      const expected = `a path with blanks in quotes ('"${bare} ${item.text}"'), or a comma behind it when a next hop follows`;
      targets.push({ kind: 'invalid', text: `${bare} ${item.text}`, expected });
    } else {
      targets.push(target);
    }
    const isPath = target.kind === 'maildir' || (target.kind === 'smtp' && target.isSocket);
    bare = isPath && !item.quoted ? item.text : undefined;
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
