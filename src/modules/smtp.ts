// Lua module `smtp`: a policy sends mail, or asks another server about recipients, by itself (API text "SMTP Client"). The dialogue is
// forward/smtp-client's; here are arguments, where the message comes from, and the shape of the results.
import type { DeliveryOutcome, Mailer, MessageSource } from '../forward/delivery.ts';
import { hasEightBit } from '../forward/eight-bit.ts';
import { isPositive, pseudoCode } from '../forward/machine.ts';
import { fileSource, textSource } from '../forward/message-source.ts';
import type { CallContext } from '../lua/call-context.ts';
import {
  type FunctionSpec,
  LuaError,
  type LuaResults,
  luaFunction,
  luaModule,
  type ModuleSpec,
  type ResultSpec,
  type Suspension,
} from '../lua/function-spec.ts';
import { bytes, optionalBytes, strings } from '../lua/params.ts';
import type { SpoolDirectory } from '../message/stored-message.ts';
import { lenienceOf } from '../smtp/protocol/lenience.ts';
import { FAULT_TEXTS, type PathRules, parseMailbox } from '../smtp/protocol/path.ts';
import { smtpCodeTable } from './smtp-code.ts';

export interface SmtpModuleDependencies {
  readonly mailer: Mailer;
  readonly spool: SpoolDirectory;
}

const HOSTS = strings(
  'hosts',
  'Next hops, tried in order: `host`, `1.2.3.4`, `2001:db8::1`, each but a bare IPv6 address with an optional `:port`, or ' +
    '`[2001:db8::1]:2525`. The port is 25 when none is given. At least one.',
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
    type: 'table',
    text:
      'An addition to the API text: `code` (integer; the deciding reply, or `smtp.code.ERROR...` when there was none), `text` (that reply; ' +
      'nil when there was none), `error` (the cause in words; nil when there was a reply), `host` (the next hop, as written in `hosts`), ' +
      '`stage` (where it ended when not ok: connect, banner, helo, starttls, mail, rcpt, data, content or dot).',
  },
];

const COMMON =
  'The next host is tried when one cannot be reached, does not greet, breaks off or answers 421 before it had the whole message; never ' +
  'when it has refused the message or all recipients, and never once the final dot was sent: `last.stage` is `dot` and `last.code` one of ' +
  '`smtp.code.ERROR...` when its reply did not come, and the message may have been taken.\n\nEach step has a deadline (options ' +
  '`smtp-accept-timeout`, `smtp-command-timeout`, `smtp-data-timeout`, `smtp-dot-timeout`). STARTTLS is used as option ' +
  '`smtp-forward-tls` says. Connections are kept for the next message (option `smtp-forward-connections`). Nothing is sent when all ' +
  'recipients are refused. That no host can be used is no error: the first result is false and a log line tells why. What MAIL or RCPT ' +
  'would not take as an address raises an error, whatever stands in it; a source route is taken off. **Suspends.**';

export function createSmtpModule(dependencies: SmtpModuleDependencies): ModuleSpec {
  return luaModule({
    name: 'smtp',
    text: 'Sends mail to other servers (RFC 5321), and asks them whether they would take it.',
    tables: [smtpCodeTable],
    functions: [sendFile(dependencies), sendString(dependencies)],
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
    ],
    results: RESULTS,
    text: `Sends a file. Raises an error that names the path when the file cannot be read. Line ends are made CRLF, dots are stuffed. ${COMMON}`,
    examples: [
      "local ok, count, replies, last = smtp.sendfile({ '127.0.0.1:1' }, '', { 'postmaster@example.com' }, nil)\n" +
        "assert(ok == false and count == 0 and #replies == 0)\nassert(last.stage == 'connect' and last.code == smtp.code.ERROR_CONNECT)",
    ],
    call: (context, hosts, mail, rcpts, spool) => {
      const envelope = readEnvelope('smtp.sendfile', context, hosts, mail, rcpts);
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
    ],
    results: RESULTS,
    text: `Sends a string. Line ends are made CRLF, dots are stuffed. ${COMMON}`,
    examples: [
      "local ok = smtp.sendstring({ '127.0.0.1:1', '[::1]:1' }, 'me@example.com', { 'you@example.com' }, 'Subject: hi\\n\\nhello\\n')\n" +
        'assert(ok == false)',
    ],
    call: (context, hosts, mail, rcpts, message) => {
      const envelope = readEnvelope('smtp.sendstring', context, hosts, mail, rcpts);
      const open =
        message === undefined ? undefined : () => Promise.resolve(textSource(Buffer.from(message, 'latin1')));
      return send('smtp.sendstring', dependencies.mailer, context, envelope, open);
    },
  });
}

interface GivenEnvelope {
  readonly hosts: readonly string[];
  readonly sender: string;
  readonly recipients: readonly string[];
}

/** The addresses as they go on the wire: what is none would become parameters or commands there. */
function readEnvelope(
  name: string,
  context: CallContext,
  hosts: readonly string[],
  mail: string,
  rcpts: readonly string[],
): GivenEnvelope {
  const bad = (position: number, problem: string): LuaError =>
    new LuaError(`bad argument #${position} to '${name}' (${problem})`);
  if (hosts.length === 0) throw bad(1, 'at least one host expected, got an empty table');
  if (rcpts.length === 0) throw bad(3, 'at least one recipient expected, got an empty table');
  const rules: PathRules = {
    lenience: lenienceOf(context.options.values),
    localLength: false,
    needsDomain: false,
  };
  const read = (position: number, address: string): string => {
    const parsed = parseMailbox(address, rules);
    if (parsed.kind === 'path') return parsed.path.address;
    const problem = `got ${shown(address)}: ${FAULT_TEXTS[parsed.fault]}`;
    throw bad(position, `an address without angle brackets expected, ${problem}`);
  };
  const recipients = rcpts.map((address) => read(3, address));
  if (recipients.includes('')) throw bad(3, 'a recipient expected, got the empty string');
  return { hosts, sender: read(2, mail), recipients };
}

const shown = (address: string): string => JSON.stringify(address.slice(0, 100));

function send(
  name: string,
  mailer: Mailer,
  context: CallContext,
  { hosts, recipients, sender }: GivenEnvelope,
  open: (() => Promise<MessageSource>) | undefined,
): Suspension {
  const abort = new AbortController();
  const run = async (): Promise<LuaResults> => {
    let message: MessageSource | undefined;
    let eightBit = false;
    if (open !== undefined) {
      try {
        message = await open();
        eightBit = await hasEightBit(message);
      } catch (error) {
        throw error instanceof LuaError ? error : new LuaError(`${name}: ${(error as Error).message}`);
      }
    }
    const id = context.session?.transaction?.id ?? context.session?.idSess ?? '';
    const { log, options } = context;
    const delivery = { hosts, sender, recipients, message, eightBit, id, log, options };
    return results(await mailer.deliver(delivery, abort.signal));
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
  const current = context.session?.transaction?.message;
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
  switch (outcome.kind) {
    case 'delivered':
      return [true, count, texts, { code, text: outcome.text, host }];
    case 'verified':
      return isPositive(code)
        ? [true, count, texts, { code, text: outcome.text, host }]
        : [false, count, texts, { code, text: outcome.text, host, stage: 'rcpt' }];
    case 'refused':
      return [false, count, texts, { code, text: outcome.text, host, stage: outcome.stage }];
    case 'failed':
      return [
        false,
        count,
        texts,
        { code: code === 0 ? pseudoCode.ERROR : code, error: outcome.error, host, stage: outcome.stage },
      ];
  }
}
