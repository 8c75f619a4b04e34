// Lua module `smtp`: a policy sends mail, or asks another server about recipients, by itself (doc/reference/smtp.md). The dialogue is
// smtp/client/smtp-client's; here are arguments, where the message comes from, and the shape of the results.

import { hasEightBit, hasEightBitHeaders } from '../delivery/eight-bit.ts';
import { isNoText } from '../delivery/line-content.ts';
import { fileSource, textSource } from '../delivery/message-source.ts';
import type { DeliveryOutcome, Mailer, MessageSource } from '../delivery/port/delivery.ts';
import { pseudoCode } from '../delivery/port/outcome.ts';
import type { CallContext } from '../lua-api/call-context.ts';
import {
  type FunctionSpec,
  LuaError,
  type LuaResults,
  luaFunction,
  type ResultSpec,
  type Suspension,
} from '../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec, type RecordSpec, record } from '../lua-api/module-spec.ts';
import { bytes, optionalBytes, strings } from '../lua-api/params.ts';
import type { SpoolDirectory } from '../message/stored-message.ts';
import { parseTarget } from '../net-address/host-list.ts';
import { type Options, optionsOf } from '../options/options.ts';
import { sessionOf } from '../policy/session-view.ts';
import { lenienceOf } from '../smtp/protocol/lenience.ts';
import { FAULT_TEXTS, type PathRules, parseMailbox } from '../smtp/protocol/path.ts';
import { type Recipient, recipientOf } from '../smtp/protocol/recipient.ts';
import { isPositive } from '../smtp/protocol/reply.ts';
import { optionsFor, SEND_OPTIONS, type SendOptions } from './send-options.ts';
import { smtpCodeTable } from './smtp-code.ts';

export interface SmtpModuleDependencies {
  readonly mailer: Mailer;
  readonly spool: SpoolDirectory;
}

const HOSTS = strings(
  'hosts',
  'Next hops, tried in order: `host`, `1.2.3.4`, `2001:db8::1`, each but a bare IPv6 address with an optional `:port`, or ' +
    '`[2001:db8::1]:2525`. The port is 25 when none is given. `/tls` behind it and `lmtp:` in front of it are as in option ' +
    '`smtp-smart-host`; `maildir:` and `accounts:` are not possible here. At least one.',
);
const MAIL = bytes(
  'mail',
  'The sender without angle brackets, e.g. the argument of `hook.mail`; the empty string for the null sender.',
);
const RCPTS = strings(
  'rcpts',
  'The recipients without angle brackets, e.g. those of `hook.forward`. At least one.',
);

const RESULTS: readonly ResultSpec[] = [
  {
    name: 'ok',
    type: 'boolean',
    text:
      'True when the next hop took the message (2xx to the final dot, at least one recipient taken); without a message, when it answered ' +
      '2xx to the last recipient.',
  },
  { name: 'n_rcpt_ok', type: 'integer', text: 'Number of recipients answered 2xx.' },
  {
    name: 'rcpt_result',
    type: 'string[]',
    text:
      'The reply to each recipient in the order of `rcpts`, e.g. `550 5.1.1 unknown`; lines of a longer one are joined by `\\n`. Empty ' +
      'when no recipient was asked; shorter than `rcpts` when the dialogue broke off.',
  },
  {
    name: 'last',
    type: 'smtp_last',
    text: 'An addition to the API text: how it ended, see the table.',
  },
];

const sendShapes: readonly RecordSpec[] = [
  record('smtp_last', 'How `smtp.sendfile` and `smtp.sendstring` have ended.', {
    code: ['integer', 'of the deciding reply, or one of `smtp.code` where there was none'],
    text: ['string?', 'that reply; nil when there was none'],
    error: ['string?', 'the cause in words; nil when there was a reply'],
    host: ['string?', 'the next hop, as written in `hosts`'],
    stage: [
      'string?',
      'where it ended when not ok: connect, banner, helo, starttls, auth, mail, rcpt, data, content or dot',
    ],
    tls: ['smtp_last_tls?', 'nil in clear text'],
  }),
  record('smtp_last_tls', 'TLS with a next hop.', {
    version: ['string', 'as `TLSv1.3`'],
    cipher: ['string', 'its standard name'],
    verified: ['boolean', 'whether the certificate is right'],
    cause: ['string?', 'why it is not'],
  }),
  record('smtp_options', 'What is to be other than usual for one message.', {
    ret: ['string?', '`FULL` or `HDRS` (DSN)'],
    envid: ['string?', 'any text, at most 100 bytes (DSN)'],
    rcpt: ['smtp_rcpt_options[]?', 'for each recipient, in their order'],
    tls: ['string?', 'option `smtp-forward-tls`'],
    tls_pin: ['string?', 'option `smtp-forward-tls-pin`'],
    tls_cert: ['string?', 'option `smtp-forward-tls-cert`'],
    user: ['string?', 'option `smtp-forward-user`'],
    password_file: ['string?', 'option `smtp-forward-password-file`'],
  }),
  record('smtp_rcpt_options', 'What DSN says of a recipient.', {
    notify: ['string?', 'as `NEVER` or `SUCCESS,FAILURE`'],
    orcpt: ['string?', 'as `rfc822;bob@example.com`'],
  }),
];

const COMMON =
  'The next host is tried when one cannot be reached, does not greet, breaks off or answers 421 before it had the whole message; never ' +
  'when it has refused the message or all recipients, and never once the final dot was sent: `last.stage` is `dot` and `last.code` one of ' +
  '`smtp.code.ERROR...` when its reply did not come, and the message may have been taken.\n\nEach step has a deadline (options ' +
  '`smtp-accept-timeout`, `smtp-command-timeout`, `smtp-data-timeout`, `smtp-dot-timeout`). STARTTLS is used as option ' +
  '`smtp-forward-tls` says. Connections are kept for the next message (option `smtp-forward-connections`). Nothing is sent when all ' +
  'recipients are refused. That no host can be used is no error: the first result is false and a log line tells why. What MAIL or RCPT ' +
  'would not take as an address raises an error, whatever stands in it; a source route is taken off. In a transaction with SMTPUTF8 ' +
  'addresses may be in UTF-8, and SMTPUTF8 is said where it is needed; a next hop without it gets domains in A-labels, and what is not ' +
  'ASCII even so is refused here with 554 5.6.7, a recipient with 553 5.6.7. In a transaction with REQUIRETLS nothing is sent to a next hop ' +
  'that does not offer it over TLS with a valid certificate: 550 5.7.30. **Suspends.**';

export function createSmtpModule(dependencies: SmtpModuleDependencies): ModuleSpec {
  return luaModule({
    name: 'smtp',
    records: [...sendShapes],
    text: 'Sends mail to other servers (RFC 5321), and asks them whether they would take it.',
    tables: [smtpCodeTable],
    functions: [sendFile(dependencies), sendString(dependencies), route],
  });
}

function sendFile(dependencies: SmtpModuleDependencies): FunctionSpec {
  return luaFunction({
    name: 'sendfile',
    suspends: true,
    params: [
      HOSTS,
      MAIL,
      RCPTS,
      optionalBytes(
        'spool',
        'Path of the message, e.g. the argument of `hook.forward`; nil: stop after the last recipient (call-ahead), nothing is sent.',
        undefined,
      ),
      SEND_OPTIONS,
    ],
    results: RESULTS,
    text: `Sends a file. Raises an error that names the path when the file cannot be read. Line ends are made CRLF, dots are stuffed; a message with BODY=BINARYMIME is not sent, 554 5.6.3. ${COMMON}`,
    examples: [
      "local ok, count, replies, last = smtp.sendfile({ '127.0.0.1:1' }, '', { 'postmaster@example.com' }, nil)\n" +
        "assert(ok == false and count == 0 and #replies == 0)\nassert(last.stage == 'connect' and last.code == smtp.code.ERROR_CONNECT)",
    ],
    call: (context, hosts, mail, rcpts, spool, wishes) => {
      const envelope = readEnvelope('smtp.sendfile', context, hosts, mail, rcpts, wishes);
      const open = spool === undefined ? undefined : () => findMessage(dependencies.spool, context, spool);
      return send('smtp.sendfile', dependencies.mailer, context, envelope, open);
    },
  });
}

function sendString(dependencies: SmtpModuleDependencies): FunctionSpec {
  return luaFunction({
    name: 'sendstring',
    suspends: true,
    params: [
      HOSTS,
      MAIL,
      RCPTS,
      optionalBytes(
        'message',
        'The message, headers and body; any line ends. The empty string is an empty message. Nil: stop after the last recipient.',
        undefined,
      ),
      SEND_OPTIONS,
    ],
    results: RESULTS,
    text: `Sends a string. Line ends are made CRLF, dots are stuffed. ${COMMON}`,
    examples: [
      "local ok = smtp.sendstring({ '127.0.0.1:1', '[::1]:1' }, 'me@example.com', { 'you@example.com' }, 'Subject: hi\\n\\nhello\\n')\n" +
        'assert(ok == false)',
    ],
    call: (context, hosts, mail, rcpts, message, wishes) => {
      const envelope = readEnvelope('smtp.sendstring', context, hosts, mail, rcpts, wishes);
      const open =
        message === undefined ? undefined : () => Promise.resolve(textSource(Buffer.from(message, 'latin1')));
      return send('smtp.sendstring', dependencies.mailer, context, envelope, open);
    },
  });
}

/** The client has said SMTPUTF8: what hooks get may be in UTF-8, and goes on to whoever takes it. */
function isUtf8(context: CallContext): boolean {
  return sessionOf(context)?.transaction?.isUtf8 === true;
}

const route = luaFunction({
  name: 'route',
  params: [
    strings(
      'hosts',
      'Next hops, tried in order, each as in option `smtp-smart-host`: `host`, `host:port`, `[2001:db8::1]:25`, `host/tls`, `lmtp:host:port`, ' +
        '`lmtp:PATH`, `maildir:PATH` or `accounts:`. At least one.',
    ),
  ],
  results: [],
  text:
    'The message goes to these next hops instead of those of `smtp-smart-host`. In `hook.rcpt` it counts for the recipient in hand, in ' +
    '`hook.mail` for all that `hook.rcpt` does not send elsewhere. A message has one route, that of the first recipient accepted; a recipient ' +
    'of another one gets `452 4.5.3`, so that its sender tries it in a message of its own. The next hop is asked when the client says MAIL ' +
    'and RCPT, as option `smtp-forward-at` has it. Called again it replaces what was said before. Raises an error for a host that is none, ' +
    'and outside of these two hooks. An addition to the API text.',
  examples: [
    "function hook.rcpt(address, domain)\n  if domain == 'example.net' then smtp.route { 'mx1.example.net', 'mx2.example.net:2525' } end\nend",
  ],
  call: (context, hosts) => {
    if (hosts.length === 0)
      throw new LuaError("bad argument #1 to 'smtp.route' (at least one host expected, got an empty table)");
    for (const host of hosts) {
      const target = parseTarget(host);
      if (target.kind !== 'invalid') continue;
      const problem = `${JSON.stringify(host.slice(0, 100))} is no next hop, ${target.expected} expected`;
      throw new LuaError(`bad argument #1 to 'smtp.route' (${problem})`);
    }
    if (sessionOf(context)?.transaction?.route(hosts) !== true)
      throw new LuaError('smtp.route: a next hop is chosen in hook.mail and hook.rcpt only');
    return [];
  },
});

interface GivenEnvelope {
  readonly hosts: readonly string[];
  readonly sender: string;
  readonly recipients: readonly Recipient[];
  readonly wishes: SendOptions;
  readonly options: Options;
}

/** A policy sends lines, whatever the next hop offers. */
const BINARY_CONTENT = {
  code: 554,
  text: '554 5.6.3 a message with BODY=BINARYMIME is not sent as lines',
} as const;

/** The addresses as they go on the wire: what is none would become parameters or commands there. */
function readEnvelope(
  name: string,
  context: CallContext,
  hosts: readonly string[],
  mail: string,
  rcpts: readonly string[],
  wishes: SendOptions,
): GivenEnvelope {
  const bad = (position: number, problem: string): LuaError =>
    new LuaError(`bad argument #${position} to '${name}' (${problem})`);
  if (hosts.length === 0) throw bad(1, 'at least one host expected, got an empty table');
  if (rcpts.length === 0) throw bad(3, 'at least one recipient expected, got an empty table');
  const rules: PathRules = {
    lenience: lenienceOf(optionsOf(context).values),
    localLength: false,
    needsDomain: false,
    utf8: isUtf8(context),
  };
  const read = (position: number, address: string): string => {
    const parsed = parseMailbox(address, rules);
    if (parsed.kind === 'path') return parsed.path.address;
    const problem = `got ${shown(address)}: ${FAULT_TEXTS[parsed.fault]}`;
    throw bad(position, `an address without angle brackets expected, ${problem}`);
  };
  const addresses = rcpts.map((address) => read(3, address));
  if (addresses.includes('')) throw bad(3, 'a recipient expected, got the empty string');
  const beyond = [...wishes.rcpts.keys()].find((place) => place >= addresses.length);
  if (beyond !== undefined) throw bad(5, `there is no recipient for rcpt[${beyond + 1}]`);
  const recipients = addresses.map((address, place): Recipient => {
    const parameters = wishes.rcpts.get(place);
    return parameters === undefined ? recipientOf(address) : { address, parameters };
  });
  return {
    hosts,
    sender: read(2, mail),
    recipients,
    wishes,
    options: optionsFor(name, optionsOf(context), wishes),
  };
}

const shown = (address: string): string => JSON.stringify(address.slice(0, 100));

function send(
  name: string,
  mailer: Mailer,
  context: CallContext,
  { hosts, options, recipients, sender, wishes }: GivenEnvelope,
  open: (() => Promise<MessageSource>) | undefined,
): Suspension {
  const abort = new AbortController();
  const run = async (): Promise<LuaResults> => {
    let message: MessageSource | undefined;
    let eightBit = false;
    let utf8Headers = false;
    let isBinary = false;
    const utf8 = isUtf8(context);
    const transaction = sessionOf(context)?.transaction;
    if (open !== undefined) {
      try {
        message = await open();
        isBinary =
          transaction?.isBinary === true && (message === transaction.message || (await isNoText(message)));
        eightBit = await hasEightBit(message);
        utf8Headers = utf8 && eightBit && (await hasEightBitHeaders(message));
      } catch (error) {
        throw error instanceof LuaError ? error : new LuaError(`${name}: ${(error as Error).message}`);
      }
    }
    if (isBinary) {
      const rcpts = recipients.map((recipient) => ({ recipient, code: 0, text: '' }));
      return results({ kind: 'refused', host: hosts[0] ?? '', stage: 'mail', ...BINARY_CONTENT, rcpts });
    }
    const session = sessionOf(context);
    const id = session?.transaction?.id ?? session?.idSess ?? '';
    const { log } = context;
    // What the client has asked for holds for whatever the policy makes of its message.
    const REQUIRETLS = sessionOf(context)?.transaction?.isTlsRequired === true || undefined;
    const parameters = { ...wishes.mail, SMTPUTF8: utf8 || undefined, REQUIRETLS };
    // Nothing but what is given here is told to it.
    const ownHosts = wishes.settings.size > 0;
    const envelope = { hosts, sender, parameters, recipients, message, eightBit, utf8Headers };
    return results(await mailer.deliver({ ...envelope, ownHosts, id, log, options }, abort.signal));
  };
  const done = run();
  // Whoever was cut off listens no more.
  done.catch(() => undefined);
  return {
    kind: 'suspension',
    describe: () => `${name} (to ${hosts.join(' ')}, ${recipients.length} recipients)`,
    done,
    cancel: () => abort.abort(),
  };
}

/** A message of ours by its path (in memory or on disk), else a file of the policy's own. */
async function findMessage(
  spool: SpoolDirectory,
  context: CallContext,
  path: string,
): Promise<MessageSource> {
  const current = sessionOf(context)?.transaction?.message;
  const found = current !== undefined && current.path === path ? current : spool.find(path);
  if (found !== undefined) return found;
  try {
    return await fileSource(path);
  } catch (error) {
    throw new LuaError(`smtp.sendfile: cannot read ${JSON.stringify(path)}: ${(error as Error).message}`);
  }
}

function results(outcome: DeliveryOutcome): LuaResults {
  const replies = outcome.rcpts.filter((rcpt) => rcpt.code !== 0);
  const count = replies.filter((rcpt) => isPositive(rcpt.code)).length;
  const texts = replies.map((rcpt) => rcpt.text);
  const { code, host } = outcome;
  const tls = outcome.tls === undefined ? {} : { tls: { ...outcome.tls } };
  switch (outcome.kind) {
    case 'delivered':
      return [true, count, texts, { code, text: outcome.text, host, ...tls }];
    case 'verified':
      return isPositive(code)
        ? [true, count, texts, { code, text: outcome.text, host, ...tls }]
        : [false, count, texts, { code, text: outcome.text, host, stage: 'rcpt', ...tls }];
    case 'refused':
      return [false, count, texts, { code, text: outcome.text, host, stage: outcome.stage, ...tls }];
    case 'failed':
      return [
        false,
        count,
        texts,
        {
          code: code === 0 ? pseudoCode.ERROR : code,
          error: outcome.error,
          host,
          stage: outcome.stage,
          ...tls,
        },
      ];
  }
}
