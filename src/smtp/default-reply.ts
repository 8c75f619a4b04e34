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

export const CANNOT_VERIFY = reply(252, '2.5.0 cannot VRFY user; send mail to find out');

/** In the order of the original, what it did not have behind that. */
const MAIL_COMMANDS = [
  ['AUTH', 'DATA', 'EHLO', 'HELO', 'HELP'],
  ['NOOP', 'MAIL', 'RCPT', 'RSET', 'QUIT', 'VRFY'],
];
const ADMINISTRATION = ['VERB', 'XCLIENT'];

/** `offered`: the verbs that the client may use. */
export function help(offered: readonly string[]): Reply {
  const has = (verb: string): boolean => offered.includes(verb);
  const line = (verbs: readonly string[]): string => `2.0.0     ${verbs.join('    ')}`;
  const administration = ADMINISTRATION.filter(has);
  return multiline(214, [
    '2.0.0 ESMTP supported commands:',
    ...MAIL_COMMANDS.map((verbs) => line(verbs.filter(has))),
    '2.0.0',
    '2.0.0 ESMTP commands not implemented:',
    line(['ETRN', 'EXPN', 'TURN']),
    '2.0.0',
    ...(administration.length > 0 ? ['2.0.0 Administration commands:', line(administration), '2.0.0'] : []),
    '2.0.0 End',
  ]);
}
