// The engine's positive replies (spec of the original, appendix A): what a client gets when no hook says otherwise.
import { echo, multiline, type Reply, reply } from './reply.ts';

export const OK = reply(250, '2.0.0 OK');
export const START_MAIL = reply(354, 'enter mail, end with "." on a line by itself');

export function banner(host: string, idSess: string): Reply {
  return reply(220, `${host} ESMTP ${idSess}`);
}

export function closing(host: string, idSess: string): Reply {
  return reply(221, `2.0.0 ${host} closing connection ${idSess}`);
}

function hello(argument: string, address: string, host: string): string {
  return `Hello ${echo(argument, 255)} (${address}, ${echo(host, 255)})`;
}

export function helo(argument: string, address: string, host: string): Reply {
  return reply(250, hello(argument, address, host));
}

export interface Extensions {
  readonly xclient: boolean;
  readonly pipelining: boolean;
  readonly auth: boolean;
  /** Bytes; 0 is no limit (RFC 1870 section 4). */
  readonly maxSize: number;
}

/** RFC 5321 section 4.1.1.1. */
export function ehlo(argument: string, address: string, host: string, extensions: Extensions): Reply {
  const lines = [hello(argument, address, host), 'ENHANCEDSTATUSCODES'];
  if (extensions.xclient) lines.push('XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT');
  if (extensions.pipelining) lines.push('PIPELINING');
  if (extensions.auth) lines.push('AUTH PLAIN LOGIN');
  lines.push('8BITMIME', `SIZE ${extensions.maxSize}`);
  return multiline(250, lines);
}

export function senderOk(address: string): Reply {
  return reply(250, `2.1.0 sender <${echo(address)}> OK`);
}

export function recipientOk(address: string): Reply {
  return reply(250, `2.1.0 recipient <${echo(address)}> OK`);
}

export function accepted(idTrans: string): Reply {
  return reply(250, `2.0.0 message ${idTrans} accepted`);
}

export const HELP = multiline(214, [
  '2.0.0 ESMTP supported commands:',
  '2.0.0     AUTH    DATA    EHLO    HELO    HELP',
  '2.0.0     NOOP    MAIL    RCPT    RSET    QUIT',
  '2.0.0',
  '2.0.0 ESMTP commands not implemented:',
  '2.0.0     ETRN    EXPN    TURN    VRFY',
  '2.0.0',
  '2.0.0 Administration commands:',
  '2.0.0     VERB    XCLIENT',
  '2.0.0',
  '2.0.0 End',
]);
