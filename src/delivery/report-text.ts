// The report that a message was relayed to a next hop which tells nobody what becomes of it (RFC 3461 section 5.2.3 and 6.2, RFC 3464 for its
// form, RFC 6533 for addresses in UTF-8). Nothing of a stranger's text gets into it with a line end in it. Pure.
import { decodeEnvid, decodeOrcpt, orcptInAscii, utf8Xtext } from '../smtp/protocol/dsn.ts';
import { hasEightBitOctets } from '../text/utf8.ts';
import type { RcptReply } from './port/delivery.ts';

export interface RelayedMessage {
  /** Of the transaction. */
  readonly id: string;
  /** Who gets the report; '' never does. */
  readonly sender: string;
  /** ENVID, as the table of extensions has read it. */
  readonly envid: string | undefined;
  /** Milliseconds since the Epoch. */
  readonly arrivedAt: number;
  /** Who is reported about, with the reply to each. */
  readonly rcpts: readonly RcptReply[];
  /** Who took it; undefined: it was stored here. */
  readonly nextHop: string | undefined;
  /** Our name. */
  readonly hostName: string;
  /** The headers of the message, without the empty line. */
  readonly headers: Buffer;
}

/** Octets of the headers that are returned; the rest is left out. */
const MOST_HEADERS = 65_536;
/** A line of a message has at most 998 octets (RFC 5322 section 2.1.1). */
const LONGEST_ADDRESS = 900;

/** Whether there may be a report to, or about, an address: one that fits into a line. */
export function isReportable(address: string): boolean {
  return address !== '' && address.length <= LONGEST_ADDRESS && utf8Xtext(address).length <= LONGEST_ADDRESS;
}

export function relayReport(message: RelayedMessage, nowMs: number): Buffer {
  const { headers, hostName, id, sender } = message;
  const utf8 = [sender, ...message.rcpts.map(({ recipient }) => recipient.address)].some(hasEightBitOctets);
  const parts = [
    part('text/plain; charset=utf-8', explanation(message)),
    part('message/delivery-status', status(message)),
    part(
      utf8 ? 'message/global-headers' : 'text/rfc822-headers',
      `${cutHeaders(headers).toString('latin1')}\r\n`,
    ),
  ];
  const boundary = boundaryFor(id, parts);
  const head = [
    `From: Mail Delivery System <postmaster@${hostName}>`,
    `To: <${sender}>`,
    `Subject: Your message was ${message.nextHop === undefined ? 'delivered' : 'passed on'}`,
    `Date: ${date(nowMs)}`,
    `Message-ID: <${id}.relayed@${hostName}>`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    'Content-Transfer-Encoding: 8bit',
  ];
  const body = parts.map((text) => `--${boundary}\r\n${text}\r\n`).join('');
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}--${boundary}--\r\n`, 'latin1');
}

function part(type: string, content: string): string {
  return `Content-Type: ${type}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${content}`;
}

function explanation({ hostName, nextHop, rcpts }: RelayedMessage): string {
  const what =
    nextHop === undefined
      ? 'Your message was delivered to these recipients:'
      : 'Your message was passed on to the mail server of these recipients. That server does\r\n' +
        'not report what becomes of messages: nobody will tell you whether it was delivered.';
  const names = rcpts.map(({ recipient }) => `  <${recipient.address}>`).join('\r\n');
  return `This is the mail server ${hostName}.\r\n\r\n${what}\r\n\r\n${names}\r\n`;
}

function status(message: RelayedMessage): string {
  const { arrivedAt, envid, hostName, rcpts } = message;
  const ofMessage = [
    ...(envid === undefined ? [] : [`Original-Envelope-Id: ${printable(decodeEnvid(envid))}`]),
    `Reporting-MTA: dns; ${hostName}`,
    `Arrival-Date: ${date(arrivedAt)}`,
  ];
  const groups = [ofMessage, ...rcpts.map((rcpt) => ofRecipient(rcpt, message.nextHop))];
  return groups.map((lines) => `${lines.join('\r\n')}\r\n`).join('\r\n');
}

function ofRecipient({ recipient, text }: RcptReply, nextHop: string | undefined): readonly string[] {
  const { address, parameters } = recipient;
  return [
    ...(parameters.ORCPT === undefined ? [] : [`Original-Recipient: ${originalRecipient(parameters.ORCPT)}`]),
    hasEightBitOctets(address)
      ? `Final-Recipient: utf-8; ${utf8Xtext(address)}`
      : `Final-Recipient: rfc822; ${address}`,
    `Action: ${nextHop === undefined ? 'delivered' : 'relayed'}`,
    'Status: 2.0.0',
    ...(nextHop === undefined
      ? []
      : [`Remote-MTA: dns; ${printable(nextHop)}`, `Diagnostic-Code: smtp; ${printable(text)}`]),
  ];
}

function originalRecipient(orcpt: string): string {
  const { address, type } = decodeOrcpt(orcpt);
  if (type.toLowerCase() !== 'utf-8') return `${type}; ${printable(address)}`;
  return printable(orcptInAscii(orcpt).replace(';', '; '));
}

function printable(text: string): string {
  return text.replace(/[^ -~]/g, '?').slice(0, LONGEST_ADDRESS);
}

/** RFC 5322 section 3.3. */
function date(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}

/** Whole lines, without a CR or LF that is not part of one. */
function cutHeaders(headers: Buffer): Buffer {
  if (headers.length <= MOST_HEADERS) return headers;
  const end = headers.lastIndexOf('\r\n', MOST_HEADERS);
  return headers.subarray(0, Math.max(0, end) + (end < 0 ? 0 : 2));
}

/** A line that none of the parts has. */
function boundaryFor(id: string, parts: readonly string[]): string {
  for (let n = 0; ; n++) {
    const boundary = `${id}.${n}`;
    if (!parts.some((text) => text.includes(boundary))) return boundary;
  }
}
