// Deliberate differences. The banner, commands, replies of hooks, paths.
import { all, answer, appends, eachHook, expected, hooks, hooksFrom, sends, steps } from '../change.ts';
import {
  CLOSING,
  type Difference,
  helloRefused,
  isUnknown,
  OK,
  outOfSequence,
  QUIT,
  reply,
  unknown,
} from './words.ts';

const CANNOT_VERIFY = '252 2.5.0 cannot VRFY user; send mail to find out\r\n';

export const dialogueDifferences: readonly Difference[] = [
  // The banner
  {
    cases: ['accept-reply-554', 'xclient-accept-rejects'],
    reason: 'S40: after a refusing banner only QUIT is served (RFC 5321 section 3.1)',
    change: helloRefused,
  },
  {
    cases: ['accept-drop-no-reply'],
    reason: 'design: a drop flag without a reply drops after the default reply',
    change: all(steps(2, 3, [{ expect_close: true }]), hooks([['close', 4]], [['close', 1]])),
  },
  {
    cases: ['rate-client-error-url'],
    reason: 'S35: a client whose name was not looked up is named by its address, without a blank in front',
    change: (transcript) =>
      all(
        steps(6, 7, [
          { expect: '421 4.4.5 http://err.test/{{E}} [127.0.0.1] connections 2 exceed 1/60s\r\n' },
        ]),
        eachHook((entry) =>
          String(entry[1]).startsWith('421') ? reply(String(entry[1]).replace('  [', ' [')) : entry,
        ),
      )(transcript),
  },
  // Commands are matched whole (S27); every line is a command (engine 9.2 #23)
  {
    cases: ['helo-no-space'],
    reason: 'S27: a verb ends at a blank or at the end of the line',
    change: all(
      answer('HELOclient', unknown('HELOclient')),
      answer('EHLO[', unknown('EHLO[127.0.0.1]')),
      hooksFrom(3, [
        ['unknown', 'HELOclient'],
        reply(unknown('HELOclient')),
        ['unknown', 'EHLO[127.0.0.1]'],
        reply(unknown('EHLO[127.0.0.1]')),
        ['quit'],
        reply(CLOSING),
        ['close', 0],
      ]),
    ),
  },
  {
    cases: ['command-with-suffix'],
    reason: 'S27: a verb ends at a blank or at the end of the line',
    change: all(
      isUnknown('NOOPX', ['noop']),
      answer('RSETTLE', unknown('RSETTLE')),
      hooks(
        [['rset'], reply(unknown('RSETTLE')), ['reset']],
        [['unknown', 'RSETTLE'], reply(unknown('RSETTLE'))],
      ),
      isUnknown('DATABASE', ['out_seq', 'DATABASE']),
      isUnknown('HELPME', ['help']),
      sends('DATAX', 'DATA\r\n'),
      sends('QUITTER', 'QUIT\r\n'),
    ),
  },
  {
    cases: ['mail-parse-9'],
    reason: 'S27: MAIL: is no verb',
    change: all(
      answer('MAIL:<', unknown('MAIL:<alice@example.com>')),
      hooks(
        [reply(unknown('MAIL:<alice@example.com>'))],
        [['unknown', 'MAIL:<alice@example.com>'], reply(unknown('MAIL:<alice@example.com>'))],
      ),
    ),
  },
  {
    cases: ['rcpt-parse-9'],
    reason: 'S27: RCPT: is no verb',
    change: all(
      answer('RCPT:<', unknown('RCPT:<bob@example.com>')),
      hooks(
        [reply(unknown('RCPT:<bob@example.com>'))],
        [['unknown', 'RCPT:<bob@example.com>'], reply(unknown('RCPT:<bob@example.com>'))],
      ),
    ),
  },
  {
    cases: ['mail-parse-10'],
    reason: 'S27: MAILFROM: is no verb',
    change: isUnknown('MAILFROM:<alice@example.com>', ['mail', 'alice@example.com', 'example.com']),
  },
  {
    cases: ['rcpt-parse-10'],
    reason: 'S27: RCPTTO: is no verb',
    change: isUnknown('RCPTTO:<bob@example.com>', ['rcpt', 'bob@example.com', 'example.com']),
  },
  {
    cases: ['unknown-commands'],
    reason: 'RFC 3030: the original did not know BDAT; its octets are no commands, whatever is said to it',
    change: all(
      answer('BDAT 10', outOfSequence('BDAT 10')),
      hooks(
        [['unknown', 'BDAT 10'], reply(outOfSequence('BDAT 10'))],
        [['out_seq', 'BDAT 10'], reply(outOfSequence('BDAT 10'))],
      ),
      appends('BDAT 10', 'RSET\r\nQUIT'),
    ),
  },
  {
    cases: ['unknown-commands', 'pipeline-help-vrfy'],
    reason: 'RFC 5321 section 4.5.1: VRFY is a command, and HELP says so; hook.unknown is asked as before',
    change: (transcript) => {
      const offered = (text: string): string =>
        text
          .replace(/502 5\.5\.1 VRFY \w+ command unknown\r\n/, CANNOT_VERIFY)
          .replace('RSET    QUIT\r\n', 'RSET    QUIT    VRFY\r\n')
          .replace('TURN    VRFY\r\n', 'TURN\r\n');
      return {
        ...transcript,
        steps: transcript.steps.map((step) =>
          step.expect === undefined ? step : { ...step, expect: offered(step.expect) },
        ),
        hook_log: transcript.hook_log.map((entry) =>
          entry[0] === 'reply' ? reply(offered(String(entry[1]))) : entry,
        ),
      };
    },
  },
  {
    cases: ['quit-arg'],
    reason: 'RFC 5321 section 4.1.1: QUIT has no argument',
    change: (transcript) => {
      const refusal = '501 5.5.4 unexpected argument now\r\n';
      return all(
        steps(3, 4, [{ expect: refusal }, { send: QUIT }, { expect: CLOSING }]),
        hooks([['quit']], [reply(refusal), ['quit']]),
      )(transcript);
    },
  },
  {
    cases: ['auth-during-transaction'],
    reason: 'RFC 4954 section 4: AUTH within a transaction is out of sequence, not unknown',
    change: (transcript) => {
      const line = 'AUTH PLAIN AGFsaWNlAHNlY3JldA==';
      return {
        ...transcript,
        steps: transcript.steps.map((step) =>
          step.expect === unknown(line) ? { ...step, expect: outOfSequence(line) } : step,
        ),
        hook_log: transcript.hook_log.map((entry) =>
          entry[0] === 'unknown'
            ? ['out_seq', line]
            : entry[1] === unknown(line)
              ? reply(outOfSequence(line))
              : entry,
        ),
      };
    },
  },
  {
    cases: ['empty-lines'],
    reason: 'engine 9.2 #23: an empty line behind a command is a line of its own',
    change: all(
      expected('\r\n\r\nNOOP', `${unknown('')}${unknown('')}${OK}`),
      hooks([['noop']], [['unknown', ''], reply(unknown('')), ['noop']]),
    ),
  },
  {
    cases: ['ehlo-long-arg'],
    reason: 'engine 7.2: the hook gets the argument, not what is in memory behind its first 255 bytes',
    change: eachHook((entry) =>
      entry[0] === 'ehlo' ? ['ehlo', 'x'.repeat(String(entry[1]).length)] : entry,
    ),
  },
  {
    cases: ['verb-default'],
    reason: 'S21: the reply to VERB ends; the words stand in the order of the table',
    change: (transcript) => {
      const verbose = (words: string): string => words.replace(/^214-(?=.*\r\n$)(?!.*\r\n.)/m, '214 ');
      const state = (...on: readonly string[]): string =>
        verbose(
          [
            'warn info trace debug smtp dns http service clamd',
            'spamd mime uri connect helo auth mail rcpt data noop',
            'rset',
          ]
            .map(
              (line) =>
                `214-2.0.0 ${line.replace(/\w+/g, (word) => `${on.includes(word) ? '+' : '-'}${word}`)}\r\n`,
            )
            .join('')
            .replace(/214-(2\.0\.0 [^\r]*\r\n)$/, '214 $1'),
        );
      const states = [
        state('warn', 'info'),
        state('warn', 'info', 'smtp'),
        state('warn', 'smtp', 'debug'),
        state('warn', 'info'),
      ];
      return {
        ...transcript,
        steps: transcript.steps.map((step, i) =>
          i >= 3 && i <= 9 && i % 2 === 1 ? { ...step, expect: states[(i - 3) / 2] ?? '' } : step,
        ),
        hook_log: transcript.hook_log.map((entry, i) =>
          i >= 3 && i <= 6 ? reply(states[i - 3] ?? '') : entry,
        ),
      };
    },
  },
  // What a hook may reply
  {
    cases: [
      'mail-return-lf-only',
      'mail-return-multiline-lf',
      'mail-return-leading-space',
      'mail-return-dash-only',
    ],
    reason:
      'a reply goes out in the form of RFC 5321 section 4.2: code first, CRLF, `-` in all lines but the last',
    change: (transcript) => {
      const text = {
        'mail-return-multiline-lf': '550-one\r\n550 two\r\n',
        'mail-return-leading-space': '550 5.7.1 indented\r\n',
        'mail-return-dash-only': '550 5.7.1 unfinished\r\n',
      };
      return answer('MAIL', text[transcript.name as keyof typeof text] ?? '550 5.7.1 text\r\n')(transcript);
    },
  },
];
