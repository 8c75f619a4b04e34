// The trace header that a mail server puts on top of each message (RFC 5321 section 4.4; the words behind `with` are those of RFC 3848 and
// RFC 6531 section 4.3). Pure. Most of it is strangers' text: whatever could end it, look like the rest of it or make it long stays out.
import type { TlsFacts } from '../net/tls-facts.ts';

export interface TraceFacts {
  /** The argument of HELO or EHLO. */
  readonly helo: string;
  readonly protocol: string;
  /** By reverse DNS; undefined: it has none. */
  readonly host: string | undefined;
  readonly address: string;
  readonly tls: TlsFacts | undefined;
  /** Who has authenticated, where that is to be shown. */
  readonly user: string | undefined;
  /** Our name. */
  readonly by: string;
  /** Of the transaction. */
  readonly id: string;
  /** The only recipient; undefined where there are more: none of them is told of the others. */
  readonly recipient: string | undefined;
  /** Milliseconds since the Epoch. */
  readonly time: number;
}

/** Octets of a stranger's text. */
const LONGEST = 255;

/** The word behind `with`. Only ESMTP has letters behind it: a client that says HELO knows neither. */
export function protocolWord(extended: boolean, utf8: boolean, tls: boolean, authenticated: boolean): string {
  if (!extended) return 'SMTP';
  return `${utf8 ? 'UTF8SMTP' : 'ESMTP'}${tls ? 'S' : ''}${authenticated ? 'A' : ''}`;
}

/** The header with its folding (CRLF and a tab), without its last line end; no line has 998 octets. */
export function receivedHeader(facts: TraceFacts): string {
  const { address, by, id, protocol, recipient, time, tls, user } = facts;
  const literal = address.includes(':') ? `IPv6:${address}` : address;
  const lines = [
    `Received: from ${clean(facts.helo)} (${clean(facts.host ?? 'unknown')} [${clean(literal)}])`,
    ...(tls === undefined ? [] : [`(${secrecy(tls)})`]),
    ...(user === undefined ? [] : [`(authenticated as ${clean(user)})`]),
    `by ${clean(by)} (smtpe) with ${protocol} id ${id}`,
  ];
  const date = mailDate(time);
  const isShown = recipient !== undefined && recipient.length <= LONGEST && PLAIN_ADDRESS.test(recipient);
  if (isShown) return `${lines.join('\r\n\t')}\r\n\tfor <${recipient}>; ${date}`;
  return `${lines.join('\r\n\t')};\r\n\t${date}`;
}

/** An address that needs no quotes, has no brackets but those of an address literal, and nothing beyond ASCII. Others are not shown. */
const PLAIN_ADDRESS = /^[\w.!#$%&'*+/=?^`{|}~-]+(?:@[\w.-]+|@\[[\w.:]+\])?$/;

function secrecy({ bits, certificate, cipher, version }: TlsFacts): string {
  const strength = bits === undefined ? '' : ` (${bits} bits)`;
  const shown = certificate === undefined ? '' : `, client certificate ${certificate.result}`;
  const named = cipher === '' ? '' : ` with cipher ${clean(cipher)}${strength}`;
  return `using ${version === '' ? 'TLS' : clean(version)}${named}${shown}`;
}

function clean(text: string): string {
  return text.slice(0, LONGEST).replace(/[^A-Za-z0-9.\-_:[\]@+]/g, '?') || '?';
}

/** RFC 5322 section 3.3, in UTC: `Sat, 28 Nov 2026 12:00:00 +0000`. */
export function mailDate(time: number): string {
  return new Date(time).toUTCString().replace('GMT', '+0000');
}
