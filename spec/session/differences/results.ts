// Deliberate differences. What a hook may return and where: what is half understood is a failed hook (421), a yes delivers nothing, and
// what one client has left does not reach the next.
import { all, answer, type Change, eachHook, endsWith, hooks } from '../change.ts';
import type { LogEntry, Transcript } from '../transcript.ts';
import { CLOSING, type Difference, outOfSequence, QUIT, reply, SENDER, unknown } from './words.ts';

const INTERNAL = '421 4.3.0 internal error\r\n';
const FAILED: readonly LogEntry[] = [
  ['error', 125, 'hook.{{ANY}}'],
  ['close', 4],
];
const GOODBYE: readonly LogEntry[] = [['quit'], reply(CLOSING), ['close', 0]];

const indexOf = (transcript: Transcript, hook: string): number =>
  transcript.hook_log.findIndex(([name]) => name === hook);

/** The hook called for `line` fails: 421 and the end. */
const failsAt = (line: string, hook: string): Change =>
  all(
    (transcript) => endsWith(line, INTERNAL, indexOf(transcript, hook) + 1, 4)(transcript),
    hooks([['close', 4]], FAILED),
  );

const RESULT =
  'a result that is no [drop,] reply, or a reply that does not fit, is a failed hook and never a yes';

/** hook.reset ends the instance of the policy before XCLIENT. */
const resets: Change = (transcript) => {
  if (indexOf(transcript, 'xclient') < 0) throw new Error(`${transcript.name}: no hook.xclient`);
  const log = transcript.hook_log.flatMap((entry, i): readonly LogEntry[] =>
    entry[0] === 'xclient' && transcript.hook_log[i + 1]?.[0] === 'accept' ? [entry, ['reset']] : [entry],
  );
  return { ...transcript, hook_log: log };
};

/** The client that XCLIENT names by its address only has no name. */
const nameless =
  (address: string): Change =>
  (transcript) => {
    const text = JSON.stringify(transcript);
    const changed = text
      .replaceAll(`(${address}, localhost)`, `(${address}, [${address}])`)
      .replaceAll(`"${address}","localhost"`, `"${address}","[${address}]"`);
    if (changed === text) throw new Error(`${transcript.name}: ${address} has no name`);
    return JSON.parse(changed) as Transcript;
  };

/** XCLIENT is refused and nothing has happened: what follows is what follows in the session as it was. */
const refusedXclient = (line: string, text: string): Change =>
  all(answer(line, text), (transcript) => ({
    ...transcript,
    steps: [...transcript.steps.slice(0, 6), { send: QUIT }, { expect: CLOSING }, { expect_close: true }],
    hook_log: [...transcript.hook_log.slice(0, 6), reply(text), ...GOODBYE],
  }));

export const resultDifferences: readonly Difference[] = [
  {
    cases: [
      'mail-return-no-code',
      'mail-return-empty-string',
      /^mail-return-code-(99|100|300|399|2500)$/,
      'mail-return-table',
      'mail-return-reply-then-flag',
      'mail-return-nul',
    ],
    reason: RESULT,
    change: failsAt('MAIL', 'mail'),
  },
  { cases: ['data-reply-250'], reason: RESULT, change: failsAt('DATA', 'data') },
  { cases: ['auth-plain-334-continue'], reason: RESULT, change: failsAt('AGFs', 'auth') },
  {
    cases: ['forward-drop-default'],
    reason: RESULT,
    change: failsAt('Subject', 'forward'),
  },
  {
    cases: ['accept-garbage-reply'],
    reason: RESULT,
    change: (transcript) => ({
      ...transcript,
      steps: [{ connect: true }, { expect: INTERNAL }, { expect_close: true }],
      hook_log: [...transcript.hook_log.slice(0, 2), reply(INTERNAL), ...FAILED],
    }),
  },
  {
    cases: ['reply-hook-returns-garbage'],
    reason: `${RESULT}; hook.reply is not asked about the 421`,
    change: (transcript) => ({
      ...transcript,
      steps: [{ connect: true }, { expect: INTERNAL }, { expect_close: true }],
      hook_log: [...transcript.hook_log.slice(0, 3), ...FAILED],
    }),
  },
  {
    cases: ['lua-error-reset'],
    reason:
      'an error in hook.reset ends the session as any other: what it was to clear must not decide later',
    change: (transcript) => ({
      ...transcript,
      steps: [
        ...transcript.steps.slice(0, 3),
        { expect: `${transcript.steps[3]?.expect ?? ''}${INTERNAL}` },
        { expect_close: true },
      ],
      hook_log: [...transcript.hook_log.slice(0, 6), reply(INTERNAL), ...FAILED],
    }),
  },
  {
    cases: ['dot-reply-250', 'data-large'],
    reason: 'a yes of hook.dot delivers nothing: nobody has the message (smtp-default-at-dot)',
    change: answer('Subject', '451 4.4.5 try again later {{ID_TRANS}}\r\n'),
  },
  {
    cases: ['client-write-dot'],
    reason: 'a yes of hook.dot delivers nothing: nobody has the message (smtp-default-at-dot)',
    change: all(
      answer('Subject', '250-2.0.0 got it\r\n451 4.4.5 try again later {{ID_TRANS}}\r\n'),
      hooks([reply('250 2.0.0 done\r\n')], [reply('451 4.4.5 try again later {{ID_TRANS}}\r\n')]),
    ),
  },
  {
    cases: ['data-content-hook-returns-250', 'data-eoh-hook-returns-250'],
    reason: 'a yes of a content hook delivers nothing: nobody has the message (smtp-default-at-dot)',
    change: answer('Subject', '550 5.7.0 message {{ID_TRANS}} rejected\r\n'),
  },
  {
    cases: ['ehlo-reject-after-success'],
    reason: 'a refused EHLO leaves the session as it was (RFC 5321 section 4.1.4)',
    change: all(
      answer('RCPT', '250 2.1.0 recipient <bob@example.org> OK\r\n'),
      hooks([['out_seq', 'RCPT TO:<bob@example.org>']], [['rcpt', 'bob@example.org', 'example.org']]),
    ),
  },
  {
    cases: ['auth-during-transaction'],
    reason: 'AUTH in a transaction is out of sequence, not unknown (RFC 4954 section 4)',
    change: (transcript) =>
      JSON.parse(
        JSON.stringify(transcript)
          .replaceAll(
            JSON.stringify(unknown('AUTH PLAIN AGFsaWNlAHNlY3JldA==')),
            JSON.stringify(outOfSequence('AUTH PLAIN AGFsaWNlAHNlY3JldA==')),
          )
          .replaceAll('["unknown"', '["out_seq"'),
      ) as Transcript,
  },
  {
    cases: ['accept-args-client-table', 'data-msg-file', 'client-table-fields'],
    reason:
      'client.input is the command line: before the first command there is none. client.authenticated, is_tls, local_port, parameters, rcpt_parameters and the functions that change the envelope are new',
    change: eachHook((entry) => {
      const [name, hook] = entry;
      if (name === 'fields') {
        const shown = (fields: readonly string[]): readonly string[] =>
          [
            ...fields,
            ...['authenticated:boolean', 'is_tls:boolean', 'local_port:number'],
            ...['add_recipient:function', 'remove_recipient:function', 'set_sender:function'],
            ...(fields.includes('id_trans:string') ? ['parameters:table'] : []),
            ...(hook === 'rcpt' ? ['rcpt_parameters:table'] : []),
          ]
            .filter((field) => hook !== 'accept' || field !== 'input:string')
            .toSorted();
        return entry.map((value) =>
          Array.isArray(value) ? shown(value as readonly string[]) : value,
        ) as unknown as LogEntry;
      }
      return name === 'client'
        ? (entry.map((value) => (value === 'XCLIENT' ? null : value)) as unknown as LogEntry)
        : entry;
    }),
  },
  {
    cases: [
      /^xclient-(addr|addr-ipv6|helo|proto-smtp|proto-esmtp|all|name-tempunavail|lower-case|port-login|before-helo|twice|accept-rejects)$/,
      /^client-write-hook-(?!reply|reset|init|close)/,
    ],
    reason: 'XCLIENT begins a fresh instance of the policy; hook.reset ends the one before',
    change: resets,
  },
  {
    cases: [
      'xclient-addr',
      'xclient-addr-ipv6',
      'xclient-name-tempunavail',
      'xclient-twice',
      /^client-write-hook-/,
    ],
    reason:
      'XCLIENT with an address only, or a name that is not available: the name of the client before is not its own',
    change: (transcript) => {
      if (transcript.name === 'xclient-twice') {
        return hooks(
          [['accept', '192.0.2.8', 'a.example']],
          [['accept', '192.0.2.8', '[192.0.2.8]']],
        )(transcript);
      }
      if (transcript.name === 'xclient-name-tempunavail') {
        const at = indexOf(transcript, 'xclient');
        const after = nameless('127.0.0.1')({
          ...transcript,
          steps: transcript.steps.slice(4),
          hook_log: transcript.hook_log.slice(at),
        });
        return {
          ...transcript,
          steps: [...transcript.steps.slice(0, 4), ...after.steps],
          hook_log: [...transcript.hook_log.slice(0, at), ...after.hook_log],
        };
      }
      const [address] = /192\.0\.2\.[17]|2001:db8::7/.exec(JSON.stringify(transcript.hook_log)) ?? [''];
      return nameless(address)(transcript);
    },
  },
  {
    cases: ['xclient-bad-addr', 'xclient-bad-attr', 'xclient-no-value'],
    reason: 'hook.xclient is asked about an XCLIENT that can be understood only',
    change: hooks([['xclient']], []),
  },
  {
    cases: ['xclient-proto-other'],
    reason: 'PROTO is SMTP or ESMTP (Postfix XCLIENT_README)',
    change: refusedXclient('XCLIENT', '501 5.5.4 invalid argument PROTO=LMTP\r\n'),
  },
  {
    cases: ['xclient-no-args'],
    reason: 'XCLIENT says something of the client (Postfix: 501)',
    change: refusedXclient('XCLIENT', '501 5.5.2 missing argument\r\n'),
  },
  {
    cases: ['xclient-mid-transaction'],
    reason: 'no XCLIENT in a transaction (Postfix: 503)',
    change: (transcript) => {
      const line = 'XCLIENT ADDR=192.0.2.7 NAME=a.example';
      return {
        ...transcript,
        steps: [
          ...transcript.steps.slice(0, 9),
          { expect: outOfSequence(line) },
          { send: 'RSET\r\n' },
          { expect: '250 2.0.0 OK\r\n' },
          { send: 'MAIL FROM:<alice@example.com>\r\n' },
          { expect: SENDER },
          { send: QUIT },
          { expect: CLOSING },
          { expect_close: true },
        ],
        hook_log: [
          ...transcript.hook_log.slice(0, 10),
          ['out_seq', line],
          reply(outOfSequence(line)),
          ['rset'],
          reply('250 2.0.0 OK\r\n'),
          ['reset'],
          ['mail', 'alice@example.com', 'example.com'],
          reply(SENDER),
          ...GOODBYE,
        ],
      };
    },
  },
];
