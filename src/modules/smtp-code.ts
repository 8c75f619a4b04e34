// smtp.code of the Lua API: names of SMTP reply codes, and of the pseudo codes that stand for "no reply". Data only.

import { pseudoCode } from '../delivery/port/outcome.ts';
import type { ConstantSpec, ConstantTableSpec } from '../lua-api/module-spec.ts';

const code = (name: string, value: number, text: string): ConstantSpec => ({ name, value, text });

export const smtpCodeTable: ConstantTableSpec = {
  name: 'code',
  text: 'Reply codes by name, and names by code: `smtp.code.OK` is 250, `smtp.code[250]` is `OK`.',
  reverse: true,
  constants: [
    code('STATUS', 211, 'System status or help.'),
    code('HELP', 214, 'Help.'),
    code('WELCOME', 220, 'Ready, the banner.'),
    code('GOODBYE', 221, 'Closing, the reply to QUIT.'),
    code('AUTH_OK', 235, 'Authenticated (RFC 4954 section 6).'),
    code('OK', 250, 'Done.'),
    code('USER_NOT_LOCAL', 251, 'Not local, will be forwarded; counts as accepted.'),
    code('WAITING', 354, 'Waiting for the message.'),
    code('CLOSING', 421, 'Not available, the connection is closed.'),
    code('AUTH_MECHANISM', 432, 'A password transition is needed (RFC 4954 section 6).'),
    code('BUSY', 450, 'Mailbox not available at present.'),
    code('TRY_AGAIN_LATER', 451, 'Local error, try again later.'),
    code('NO_STORAGE', 452, 'Not enough storage, or too many recipients.'),
    code('AUTH_TEMP', 454, 'Temporary authentication failure (RFC 4954 section 6).'),
    code('BAD_SYNTAX', 500, 'Syntax error, command not recognised.'),
    code('BAD_ARGUMENTS', 501, 'Syntax error in arguments.'),
    code('UNKNOWN_COMMAND', 502, 'Command not implemented.'),
    code('BAD_SEQUENCE', 503, 'Bad sequence of commands.'),
    code('UNKNOWN_PARAM', 504, 'Parameter not implemented.'),
    code('AUTH_REQUIRED', 530, 'Authentication required (RFC 4954 section 6).'),
    code('AUTH_WEAK', 534, 'Authentication mechanism too weak (RFC 4954 section 6).'),
    code('AUTH_FAIL', 535, 'Authentication credentials invalid (RFC 4954 section 6).'),
    code('AUTH_ENCRYPT', 538, 'Encryption required for this mechanism (RFC 4954 section 6).'),
    code('REJECT', 550, 'Refused, or mailbox not available.'),
    code('UNKNOWN_USER', 551, 'User not local.'),
    code('OVER_QUOTA', 552, 'Storage exceeded, or message too large.'),
    code('BAD_ADDRESS', 553, 'Mailbox name not allowed.'),
    code('TRANSACTION_FAILED', 554, 'Transaction failed.'),
    code('ERROR', pseudoCode.ERROR, 'No reply: the dialogue made no sense, or was given up.'),
    code('ERROR_CONNECT', pseudoCode.CONNECT, 'No reply: no connection.'),
    code('ERROR_TIMEOUT', pseudoCode.TIMEOUT, 'No reply within the time allowed.'),
    code('ERROR_EOF', pseudoCode.EOF, 'No reply: the connection was closed.'),
    code('ERROR_IO', pseudoCode.IO, 'No reply: an error while sending or receiving.'),
  ],
};
