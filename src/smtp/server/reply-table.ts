// Every reply of 4xx and 5xx that the engine itself gives: the single source of code, enhanced status (RFC 3463), text and error number.
// The number is what option smtp-error-url is followed by; it stays with its error for good. doc/reference/errors.md is made from this table.
import { echo, type Reply } from '../protocol/reply.ts';

export interface ErrorSpec {
  /** The number behind `E`, three digits. */
  readonly number: number;
  readonly code: number;
  readonly status: string;
  /** `{name}` is replaced by that parameter. */
  readonly text: string;
  /** For the documentation. */
  readonly when: string;
}

const error = (number: number, code: number, status: string, text: string, when: string): ErrorSpec => ({
  number,
  code,
  status,
  text,
  when,
});

export const errorTable = {
  // The engine and the policy
  internal: error(1, 421, '4.3.0', 'internal error', 'the policy failed or an internal error occurred'),
  replyTooLong: error(2, 421, '4.3.0', 'reply too long', 'a hook gave a reply of more than 16384 bytes'),
  scriptSilent: error(
    3,
    451,
    '4.3.0',
    'not answered, try again later',
    'a hook of a script (load-script) returned `ignore`, as if it had answered, and had sent nothing',
  ),
  scriptEnds: error(
    4,
    421,
    '4.7.0',
    'closing connection',
    'a hook of a script (load-script) ended the session',
  ),

  // Commands
  unknown: error(10, 502, '5.5.1', '{input} command unknown', 'the command is unknown or not offered'),
  outOfSequence: error(
    11,
    503,
    '5.5.1',
    '{input} out of sequence',
    'the command does not fit here, e.g. DATA before a RCPT that a hook was asked about',
  ),
  missingArgument: error(12, 501, '5.5.2', 'missing argument', 'the command lacks its argument'),
  syntax: error(
    13,
    501,
    '5.5.2',
    'syntax error',
    'the command is not written as it must be, e.g. MAIL without FROM:',
  ),
  badCharacter: error(
    14,
    500,
    '5.5.2',
    'syntax error, NUL or CR in command',
    'a command contains NUL or a CR',
  ),
  lineTooLong: error(15, 500, '5.5.2', 'line longer than {limit} bytes', 'limit-line-length'),
  badParameter: error(
    16,
    501,
    '5.5.4',
    'invalid parameter {word}',
    'what stands behind the path of MAIL or RCPT is no parameter, has a wrong value, or was there before',
  ),
  unknownParameter: error(
    17,
    555,
    '5.5.4',
    'unknown parameter {word}',
    'a parameter of MAIL or RCPT that is not offered, e.g. REQUIRETLS, SMTPUTF8 or NOTIFY',
  ),
  invalidArgument: error(
    18,
    501,
    '5.5.4',
    'invalid argument {word}',
    'an XCLIENT attribute is unknown or malformed',
  ),
  pipelining: error(19, 550, '5.3.3', 'pipelining not allowed', 'rfc2920-pipelining-reject'),

  // AUTH
  authenticated: error(20, 503, '5.5.1', 'already authenticated', 'AUTH after a successful AUTH'),
  mechanism: error(
    21,
    504,
    '5.5.4',
    'unknown AUTH mechanism',
    'AUTH with a mechanism other than PLAIN and LOGIN',
  ),
  credentials: error(
    22,
    535,
    '5.7.8',
    'authentication failed',
    'a source of log-ins says no, nobody says yes, or the response has no user or no password (RFC 4616)',
  ),
  authCancelled: error(
    23,
    501,
    '5.7.0',
    'authentication cancelled',
    'the client ended the AUTH dialogue with *',
  ),
  authSyntax: error(
    24,
    501,
    '5.5.2',
    'invalid base64',
    'an AUTH response is not base64, or lacks its padding',
  ),
  authRequired: error(
    26,
    530,
    '5.7.0',
    'authentication required',
    'MAIL without AUTH on a listener with the flag auth-required',
  ),
  chunkSize: error(
    66,
    501,
    '5.5.4',
    'invalid argument {word}',
    'BDAT without a number of octets, or with something else behind it than LAST: nobody knows where the next command begins, so that the session ends',
  ),
  tooManyLogins: error(28, 421, '4.7.0', 'too many refused log-ins', 'limit-auth'),
  authUnavailable: error(
    27,
    454,
    '4.7.0',
    'temporary authentication failure',
    'who knows the users cannot be asked, e.g. smtp-auth-dovecot',
  ),
  noArguments: error(
    25,
    501,
    '5.5.4',
    'unexpected argument {word}',
    'something stands behind DATA, RSET or QUIT',
  ),

  // TLS
  encryptionRequired: error(
    90,
    538,
    '5.7.11',
    'encryption required for AUTH, say STARTTLS first',
    'AUTH in clear, with smtp-tls and smtp-tls-auth-only',
  ),
  tlsRequired: error(
    91,
    530,
    '5.7.0',
    'STARTTLS first',
    'a command in clear on a listener with the flag tls-required',
  ),
  tlsUnavailable: error(
    92,
    454,
    '4.7.0',
    'TLS not available',
    'STARTTLS, and the certificates cannot be used',
  ),
  clearBehindTls: error(
    93,
    501,
    '5.5.1',
    'nothing may stand behind STARTTLS before its reply',
    'STARTTLS with more behind it in clear, which is thrown away (RFC 3207 section 5)',
  ),

  // Paths
  brackets: error(
    30,
    553,
    '5.1.0',
    'imbalanced angle brackets in path',
    '< and > do not match, or are doubled',
  ),
  path: error(
    31,
    553,
    '5.1.0',
    'address does not conform to RFC 2821 syntax',
    'a path without angle brackets, or with something in front of them',
  ),
  route: error(32, 553, '5.1.0', 'invalid source route', 'a source route is malformed'),
  localLength: error(
    33,
    553,
    '5.1.0',
    'local-part too long, see RFC 2821 section 4.5.3.1',
    'rfc2821-local-length',
  ),
  domainLength: error(
    34,
    553,
    '5.1.0',
    'domain name too long, see RFC 2821 section 4.5.3.1',
    'a domain has more than 255 bytes',
  ),
  senderLocal: error(
    35,
    553,
    '5.1.7',
    'invalid local part',
    'MAIL: the local part is malformed, e.g. a blank or two dots in it',
  ),
  rcptLocal: error(
    36,
    553,
    '5.1.3',
    'invalid local part',
    'RCPT: the local part is malformed, e.g. a blank or two dots in it',
  ),
  senderIncomplete: error(
    37,
    553,
    '5.1.7',
    'address incomplete',
    'rfc2821-angle-brackets: a sender without domain',
  ),
  senderDomain: error(
    38,
    553,
    '5.1.7',
    'invalid domain name',
    'MAIL: the domain is none, e.g. missing behind @, with a final dot, with a label of more than 63 bytes',
  ),
  rcptDomain: error(39, 553, '5.1.3', 'invalid domain name', 'RCPT: the domain is none, as for MAIL'),
  nullRecipient: error(40, 550, '5.7.1', 'null recipient invalid', 'RCPT TO:<>'),
  nonAscii: error(
    41,
    553,
    '5.6.7',
    'address is not ASCII',
    'an address has bytes above 127 without SMTPUTF8 (RFC 6531), or some that are no UTF-8, or a control character in UTF-8',
  ),
  unknownRecipient: error(
    45,
    550,
    '5.1.1',
    'recipient <{address}> unknown',
    'RCPT: nobody knows the recipient',
  ),
  recipientUnavailable: error(
    46,
    451,
    '4.3.0',
    'recipient <{address}> cannot be checked, try again later',
    'RCPT: who knows the recipients cannot be asked',
  ),

  // The transaction
  size: error(50, 552, '5.3.4', 'message size exceeds {limit}', 'smtp-max-size, at MAIL or at dot'),
  headers: error(51, 552, '5.3.4', 'message headers exceed {limit} bytes', 'limit-header-bytes'),
  headerCount: error(61, 552, '5.3.4', 'message has more than {limit} headers', 'limit-headers'),
  noRecipients: error(
    52,
    554,
    '5.5.0',
    'no recipients',
    'DATA after hooks have refused every RCPT (before any RCPT: E011)',
  ),
  empty: error(53, 550, '5.6.0', 'message {id} is empty', 'a message without a byte'),
  bareNewline: error(54, 550, '5.6.0', 'message {id} contains a bare CR or LF', 'smtp-bare-newline=reject'),
  binaryHeaders: error(
    63,
    554,
    '5.6.3',
    'headers of message {id} are not lines of text',
    'BODY=BINARYMIME: a CR or LF by itself in the headers, or a last header without line end',
  ),
  later: error(55, 451, '4.4.5', 'try again later {id}', 'nobody took the message'),
  rejected: error(56, 550, '5.7.0', 'message {id} rejected', 'smtp-default-at-dot=550'),
  storage: error(57, 452, '4.3.1', 'insufficient storage {id}', 'the file system of spool-dir is full'),
  unchangeable: error(
    64,
    554,
    '5.6.3',
    'message {id} cannot be changed as our policy asks',
    'mime.remove, mime.replace or mime.add_footer with on_defect="refuse": how the message is put together does not allow it',
  ),
  fileChanged: error(
    60,
    451,
    '4.3.0',
    'message {id} could not be stored',
    'the policy changed the message file in a way that it may not',
  ),
  spool: error(58, 451, '4.3.0', 'message {id} could not be stored', 'the message file cannot be written'),
  unsigned: error(85, 451, '4.3.0', 'message {id} could not be signed', 'dkim.sign'),
  hops: error(
    59,
    554,
    '5.4.6',
    'message {id} has more than {limit} Received headers, it goes round in circles',
    'limit-received',
  ),

  // Limits and time-outs
  clientRate: error(
    70,
    421,
    '4.4.5',
    '{name} connections {count} exceed {limit}/60s',
    'rate-client; the name has the address in brackets',
  ),
  connections: error(71, 421, '4.3.2', 'too many connections, try again later', 'limit-connections'),
  clientConnections: error(
    72,
    421,
    '4.7.0',
    'too many connections from {address}',
    'limit-client-connections',
  ),
  otherRoute: error(
    62,
    452,
    '4.5.3',
    'recipient <{address}> goes another way than those before, try a message of its own',
    'RCPT: smtp.route has chosen another next hop than for the recipients before',
  ),
  recipients: error(73, 452, '4.5.3', 'too many recipients', 'limit-recipients'),
  commands: error(74, 421, '4.7.0', 'too many commands without a message', 'limit-commands'),
  chunks: error(86, 421, '4.7.0', 'too many small chunks', 'limit-small-chunks'),
  errors: error(75, 421, '4.7.0', 'too many errors', 'limit-errors'),
  unknowns: error(76, 421, '4.7.0', 'too many unknown commands', 'limit-unknown'),
  sessionTime: error(77, 421, '4.4.2', '{host} session longer than {limit} s', 'limit-session-time'),
  idle: error(78, 421, '4.4.2', '{host} no command for {limit} s', 'smtp-command-timeout'),
  dataIdle: error(79, 421, '4.4.2', '{host} no data for {limit} s', 'smtp-data-timeout'),
  dataSlow: error(81, 421, '4.4.2', '{host} data slower than {limit} bytes/s', 'smtp-data-min-rate'),
  earlyTalker: error(
    82,
    554,
    '5.5.0',
    '{host} you talked before the banner',
    'smtp-greet-pause: something came before the banner',
  ),
  descriptors: error(
    83,
    421,
    '4.3.2',
    'too many connections, try again later',
    'hardly any file descriptor of the process is left',
  ),
  serverRate: error(
    84,
    421,
    '4.3.2',
    'too many connections, try again later',
    'rate-global: more connections wait than can be served in 30 s',
  ),
  proxyHeader: error(
    96,
    421,
    '4.3.5',
    'a header of the PROXY protocol is expected here',
    'smtp-proxy-hosts: a host of the list sent none, or a wrong one, or too late; or another came to a listener with the flag proxy',
  ),
  proxyUnasked: error(
    97,
    421,
    '4.3.5',
    '{host} does not take the PROXY protocol from you',
    'smtp-proxy-hosts: a host that is not in the list began with a header of the PROXY protocol',
  ),
  draining: error(
    98,
    421,
    '4.3.2',
    'not taking connections at the moment, try again later',
    'POST /drain of the administration interface',
  ),
  overloaded: error(
    100,
    421,
    '4.3.2',
    'too much to do at the moment, try again later',
    'limit-lag, limit-memory or limit-spool-free',
  ),
  ordered: error(99, 421, '4.3.2', '{host} closing connection', 'the operator has closed the session'),
  shutdown: error(80, 421, '4.3.2', '{host} shutting down', 'smtpe is being stopped'),
} as const satisfies Record<string, ErrorSpec>;

export type ErrorName = keyof typeof errorTable;

/** Values for the `{name}`s of an error's text. Text of the client is made safe here. */
export type ErrorParams = Readonly<Record<string, string | number>>;

/** `E010` for number 10. */
export function errorNumber(name: ErrorName): string {
  return `E${String(errorTable[name].number).padStart(3, '0')}`;
}

/**
 * The engine's reply for an error. `url` is option smtp-error-url: empty adds nothing, else URL and number stand before the text. `utf8`: the
 * transaction has said SMTPUTF8.
 */
export function errorReply(name: ErrorName, url: string, params: ErrorParams = {}, utf8 = false): Reply {
  const spec: ErrorSpec = errorTable[name];
  const holes = spec.text.split('{').length - 1;
  const text =
    holes === 0
      ? spec.text
      : spec.text.replace(/\{(\w+)\}/g, (_, key: string) =>
          echo(String(params[key] ?? ''), Math.floor(400 / holes), utf8),
        );
  const where = url === '' ? '' : `${url}${errorNumber(name)} `;
  return { code: spec.code, text: `${spec.code} ${spec.status} ${where}${text}\r\n` };
}

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * The errors whose reply a line may be, as a client or a log has it: with code, or without it and the enhanced status, with or without
 * smtp-error-url. Several where one text stands for several things. Empty for what this table has not said.
 */
export function errorsOfReply(line: string): readonly ErrorName[] {
  const [, code, status, text = ''] =
    /^\s*(?:(\d{3})[ -]+)?(?:(\d\.\d{1,3}\.\d{1,3}) +)?(.*?)\s*$/s.exec(line) ?? [];
  return (Object.keys(errorTable) as ErrorName[]).filter((name) => {
    const spec: ErrorSpec = errorTable[name];
    if (code !== undefined && code !== String(spec.code)) return false;
    if (status !== undefined && status !== spec.status) return false;
    const pattern = spec.text
      .split(/\{\w+\}/)
      .map(literal)
      .join('.*?');
    return new RegExp(`^(?:\\S*${errorNumber(name)} )?${pattern}$`, 's').test(text);
  });
}
