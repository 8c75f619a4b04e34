// Deliberate differences. The banner, commands, replies of hooks, paths.
import { all, answer, eachHook, expected, hooks, hooksFrom, sends, steps } from '../change.ts';
import {
  CLOSING,
  type Difference,
  helloRefused,
  isUnknown,
  OK,
  RCPT,
  reply,
  taken,
  unknown,
} from './words.ts';

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
    reason: 'S27: RCPTTO: is no verb; S29: the domain of a recipient is behind its last @',
    change: all(
      isUnknown('RCPTTO:<bob@example.com>', ['rcpt', 'bob@example.com', 'example.com']),
      hooks(
        [['rcpt', 'bob\\@home@example.com', 'home@example.com']],
        [['rcpt', 'bob\\@home@example.com', 'example.com']],
      ),
    ),
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
  {
    cases: ['mail-return-code-2500'],
    reason: 'S14: what is no reply code is no refusal either: the default reply is sent and counts',
    change: all(
      answer('RCPT', RCPT),
      hooks([['out_seq', 'RCPT TO:<bob@example.org>']], [['rcpt', 'bob@example.org', 'example.org']]),
    ),
  },
  // Paths
  {
    cases: ['mail-parse-4'],
    reason: 'S27: blanks inside of brackets or quotes do not end a path',
    change: all(
      taken('mail', 'MAIL FROM:< alice@example.com >', 'alice@example.com', 'example.com'),
      taken('mail', 'MAIL FROM:<"alice smith"@example.com>', '"alice smith"@example.com', 'example.com'),
    ),
  },
  {
    cases: ['rcpt-parse-4'],
    reason: 'S27: blanks inside of brackets or quotes do not end a path',
    change: all(
      taken('rcpt', 'RCPT TO:< bob@example.com >', 'bob@example.com', 'example.com'),
      taken('rcpt', 'RCPT TO:<"bob smith"@example.com>', '"bob smith"@example.com', 'example.com'),
    ),
  },
  {
    cases: ['rcpt-parse-6'],
    reason:
      'S29: the domain is behind the last @, not behind a source route; engine 9.2 #24: address literals are addresses',
    change: all(
      hooks(
        [['rcpt', '@a.example,@b.example:bob@example.com', 'a.example,@b.example:bob@example.com']],
        [['rcpt', '@a.example,@b.example:bob@example.com', 'example.com']],
      ),
      answer('RCPT TO:<bob@[192.0.2.1]>', '250 2.1.0 recipient <bob@[192.0.2.1]> OK\r\n'),
      answer('RCPT TO:<bob@[IPv6:', '250 2.1.0 recipient <bob@[IPv6:2001:db8::1]> OK\r\n'),
      hooks(
        [reply('250 2.1.0 recipient <bob@[192.0.2.1]> OK\r\n')],
        [['rcpt', 'bob@[192.0.2.1]', '[192.0.2.1]'], reply('250 2.1.0 recipient <bob@[192.0.2.1]> OK\r\n')],
      ),
      hooks(
        [reply('250 2.1.0 recipient <bob@[IPv6:2001:db8::1]> OK\r\n')],
        [
          ['rcpt', 'bob@[IPv6:2001:db8::1]', '[ipv6:2001:db8::1]'],
          reply('250 2.1.0 recipient <bob@[IPv6:2001:db8::1]> OK\r\n'),
        ],
      ),
    ),
  },
];
