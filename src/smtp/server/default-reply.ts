// The engine's positive replies, those of the original (spec/vectors/transcripts.json): what a client gets when no hook says otherwise.
import { commandsIn } from '../protocol/extension-table.ts';
import { echo, multiline, type Reply, reply } from '../protocol/reply.ts';

export const OK = reply(250, '2.0.0 OK');
export const AUTHENTICATED = reply(235, '2.7.0 authentication successful');
export const START_TLS = reply(220, '2.0.0 ready to start TLS');
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

/** RFC 5321 section 4.1.1.1. `extensions`: a line for each that is offered. */
export function ehlo(argument: string, address: string, host: string, extensions: readonly string[]): Reply {
  return multiline(250, [hello(argument, address, host), ...extensions]);
}

/** `utf8`: the transaction has said SMTPUTF8. */
export function senderOk(address: string, utf8: boolean): Reply {
  return reply(250, `2.1.0 sender <${echo(address, 400, utf8)}> OK`);
}

export function recipientOk(address: string, utf8: boolean): Reply {
  return reply(250, `2.1.0 recipient <${echo(address, 400, utf8)}> OK`);
}

/** A chunk of a message that is not over (RFC 3030 section 2). */
export function chunkOk(octets: number): Reply {
  return reply(250, `2.0.0 ${octets} octets`);
}

export function accepted(idTrans: string): Reply {
  return reply(250, `2.0.0 message ${idTrans} accepted`);
}

export const CANNOT_VERIFY = reply(252, '2.5.0 cannot VRFY user; send mail to find out');

/** In the order of the original, what it did not have behind that. */
const MAIL_COMMANDS = [
  [...commandsIn('mail'), 'DATA', 'EHLO', 'HELO', 'HELP'],
  ['NOOP', 'MAIL', 'RCPT', 'RSET', 'QUIT', 'VRFY'],
];
const ADMINISTRATION = ['VERB', ...commandsIn('administration')];

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
