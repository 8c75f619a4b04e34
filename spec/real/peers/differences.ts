// Every difference between smtpe, postfix 3.7 and aiosmtpd 1.4 on the inputs, with the reason. What only differs in the second digit of a
// reply is none.
import type { Place } from './inputs.ts';

export interface PeerDifference {
  readonly reason: string;
  /** Place, input, and the classes of the replies (the last one to QUIT) of smtpe, postfix and aiosmtpd. */
  readonly inputs: readonly (readonly [Place, string, string, string, string])[];
}

const plain = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

export const peerDifferences: readonly PeerDifference[] = [
  {
    reason: 'The name that a client gives is for the policy to judge: smtpe takes any bytes',
    inputs: [['start', 'HELO \xfc', '2 2', '5 2', '5 2']],
  },
  {
    reason:
      'Blanks and tabs around a command: in front of it only postfix takes them, behind it aiosmtpd takes no tabs',
    inputs: [
      ['start', 'EHLO\tc.example', '2 2', '2 2', '5 2'],
      ['start', ' NOOP', '5 2', '2 2', '5 2'],
      ['start', 'NOOP\t', '2 2', '2 2', '5 2'],
    ],
  },
  {
    reason:
      'RFC 5321 section 4.1.4: MAIL before EHLO is out of sequence; postfix allows it unless an option forbids it',
    inputs: [['start', 'MAIL FROM:<a@example.com>', '5 2', '2 2', '5 2']],
  },
  {
    reason: 'RFC 5321 section 4.1.1: QUIT has no argument; postfix takes one',
    inputs: [
      ['start', 'QUIT x', '5 2', '2', '5 2'],
      ['ehlo', 'QUIT x', '5 2', '2', '5 2'],
      ['rcpt', 'QUIT x', '5 2', '2', '5 2'],
    ],
  },
  {
    reason: 'HELP: postfix does not have it',
    inputs: [
      ['start', 'HELP', '2 2', '5 2', '2 2'],
      ['start', 'HELP MAIL', '2 2', '5 2', '2 2'],
    ],
  },
  {
    reason: 'Commands of extensions that only one of the three has, or has in part',
    inputs: [
      ['start', 'ETRN x', '5 2', '4 2', '5 2'],
      ['start', 'STARTTLS', '5 2', '5 2', '4 2'],
      ['start', 'BDAT 1 LAST', '5 2', '5 5', '5 2'],
    ],
  },
  {
    reason:
      'postfix says 221 and closes when a line looks like another protocol; smtpe and aiosmtpd say 500 or 502',
    inputs: [
      ['start', '\x01', '5 2', '2', '5 2'],
      ['ehlo', 'MAIL:<a@example.com>', '5 2', '2', '5 2'],
      ['ehlo', 'MAILFROM:<a@example.com>', '5 2', '2', '5 2'],
      ['mail', 'RCPTO:<b@example.com>', '5 2', '2', '5 2'],
    ],
  },
  {
    reason: 'NOOP with bytes above 127: the argument is ignored (RFC 5321 section 4.1.1.9), whatever it is',
    inputs: [['start', 'NOOP \xff', '2 2', '5 2', '5 2']],
  },
  {
    reason: 'RFC 5321 section 2.3.8: NUL and CR have no place in a command',
    inputs: [
      ['start', 'NOOP\r\r\n', '5 2', '2 2', '2 2'],
      ['start', 'NOOP \0\r\n', '5 2', '2 2', '2 2'],
    ],
  },
  {
    reason:
      'Length of a command line: 512 for aiosmtpd, 2048 and cut off without a word for postfix, 16384 for smtpe (RFC 4954 wants 12288 for AUTH)',
    inputs: [
      ['start', `NOOP ${'x'.repeat(900)}`, '2 2', '2 2', '5 2'],
      ['start', `NOOP ${'x'.repeat(20000)}`, '5 2', '2 2', '5 2'],
    ],
  },
  {
    reason: 'Parameters behind HELO: smtpe and postfix take them, aiosmtpd does not',
    inputs: [['helo', 'MAIL FROM:<a@example.com> SIZE=100', '2 2', '2 2', '5 2']],
  },
  {
    reason:
      'RFC 5321 section 4.1.2: one pair of brackets around the address, nothing around or behind it (without a blank); smtp-lenient takes some of these',
    inputs: [
      ['ehlo', 'MAIL FROM:< >', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<>>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<>>>>>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<<>>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:a@example.com', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:a', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@example.com', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:a@example.com>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<<a@example.com>>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:< a@example.com >', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:foo<a@example.com>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com>SIZE=100', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> (comment)', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:"" ', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<"a@example.com>', '5 2', '5 2', '2 2'],
      ['mail', 'RCPT TO:b@example.com', '5 2', '2 2', '2 2'],
      ['mail', 'RCPT TO:<b@example.com', '5 2', '5 2', '2 2'],
      ['mail', 'RCPT TO:b@example.com>', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<<b@example.com>>', '5 2', '2 2', '5 2'],
    ],
  },
  {
    reason:
      'RFC 5321 section 4.1.2: a local part is a dot-string without dots at its ends, or one quoted string; no comments, no control characters; smtp-lenient takes dots and backslashes',
    inputs: [
      ['ehlo', 'MAIL FROM:<(c)a@example.com>', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a b@example.com>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<"a"b@example.com>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a\\@b@example.com>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a.@example.com>', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<.a@example.com>', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a..b@example.com>', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a:b@example.com>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a(b)@example.com>', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<$(id)@example.com>', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a\x01b@example.com>', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a\x7f@example.com>', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<"a\x01b"@example.com>', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@b@example.com>', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b c@example.com>', '5 2', '5 2', '2 2'],
      ['mail', 'RCPT TO:<b..c@example.com>', '5 2', '2 2', '2 2'],
      ['mail', 'RCPT TO:<.b@example.com>', '5 2', '2 2', '2 2'],
      ['mail', 'RCPT TO:<b.@example.com>', '5 2', '2 2', '2 2'],
      ['mail', 'RCPT TO:<b\\@c@example.com>', '5 2', '2 2', '5 2'],
    ],
  },
  {
    reason:
      'Source routes: a malformed one is refused (RFC 5321 section 4.1.2); postfix takes what is behind the last colon or nothing',
    inputs: [
      ['ehlo', 'MAIL FROM:<@example.com>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<@r.example>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<@r.example,s.example:a@example.com>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<@:a@example.com>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<@r.example:>', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<@r.example>', '5 2', '2 2', '5 2'],
    ],
  },
  {
    reason:
      'Domains: no dot or hyphen at the ends of a label, 63 bytes a label and 255 together, a last label of letters (or punycode), so that no IPv4 address is a domain',
    inputs: [
      ['ehlo', 'MAIL FROM:<a@example.com.>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@-example.com>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@example-.com>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@exam!ple.com>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@example.123>', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@10.0.0.1>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@123>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@example.c0m>', '5 2', '2 2', '2 2'],
      [
        'ehlo',
        'MAIL FROM:<a@xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.com>',
        '5 2',
        '5 2',
        '2 2',
      ],
      [
        'ehlo',
        'MAIL FROM:<a@xxx.' +
          'x'.repeat(63) +
          '.' +
          'x'.repeat(63) +
          '.' +
          'x'.repeat(63) +
          '.' +
          'x'.repeat(58) +
          '.cc>',
        '5 2',
        '5 2',
        '2 2',
      ],
      ['mail', 'RCPT TO:<b@example.com.>', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@-example.com>', '5 2', '5 2', '2 2'],
    ],
  },
  {
    reason: 'RFC 5321 section 4.1.3: an address literal is an IPv4 address, or IPv6: and an IPv6 address',
    inputs: [
      ['ehlo', 'MAIL FROM:<a@[1.2.3.456]>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@[1.2.3]>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@[]>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@[127.0.0.1>', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@[2001:db8::1]>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@[IPv6:fe80::1%eth0]>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@[x:y]>', '5 2', '5 2', '2 2'],
      ['mail', 'RCPT TO:<b@[1.2.3.4.5]>', '5 2', '5 2', '2 2'],
    ],
  },
  {
    reason: 'RFC 5321 section 4.1.1.11: a parameter stands once; the peers let the last one win',
    inputs: [
      ['ehlo', 'MAIL FROM:<a@example.com> SIZE=1 SIZE=1', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> BODY=7BIT BODY=8BITMIME', '5 2', '2 2', '2 2'],
    ],
  },
  {
    reason: 'SMTPUTF8 and DSN: postfix offers them, smtpe and aiosmtpd do not, and refuse the parameters',
    inputs: [
      ['ehlo', 'MAIL FROM:<a@example.com> SMTPUTF8', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> RET=FULL', '5 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> ENVID=x', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=NEVER', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=SUCCESS,FAILURE', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=rfc822;b@example.com', '5 2', '2 2', '5 2'],
    ],
  },
  {
    reason: 'AUTH of MAIL: aiosmtpd wants AUTH to have succeeded before',
    inputs: [['ehlo', 'MAIL FROM:<a@example.com> AUTH=<>', '2 2', '2 2', '5 2']],
  },
  {
    reason: 'AUTH of MAIL: postfix does not look at it, since it has no SASL here',
    inputs: [['ehlo', 'MAIL FROM:<a@example.com> AUTH=a+ZZ', '5 2', '2 2', '5 2']],
  },
  {
    reason: 'AUTH: the postfix here has no SASL, and does not ask with 334',
    inputs: [
      ['ehlo', 'AUTH PLAIN\r\n*\r\n', '3 5 2', '5 2', '3 5 2'],
      ['ehlo', 'AUTH LOGIN\r\n*\r\n', '3 5 2', '5 2', '3 5 2'],
      ['ehlo', 'AUTH PLAIN AGFsaWNlAHNlY3JldA==', '2 2', '5 2', '2 2'],
      ['ehlo', 'AUTH PLAIN YWxpY2UAYWxpY2UAc2VjcmV0', '2 2', '5 2', '2 2'],
      ['ehlo', 'AUTH PLAIN\r\nAGFsaWNlAHNlY3JldA==\r\n', '3 2 2', '5 5 2', '3 2 2'],
      ['ehlo', 'AUTH LOGIN\r\nYWxpY2U=\r\nc2VjcmV0\r\n', '3 3 2 2', '5 5 5 2', '3 3 2 2'],
      ['ehlo', 'AUTH LOGIN YWxpY2U=\r\nc2VjcmV0\r\n', '3 2 2', '5 5 2', '3 2 2'],
      ['ehlo', 'AUTH LOGIN\r\nYWxpY2U=\r\nd3Jvbmc=\r\n', '3 3 5 2', '5 5 5 2', '3 3 5 2'],
      [
        'ehlo',
        'AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n',
        '2 5 2',
        '5 5 2',
        '2 5 2',
      ],
      ['ehlo', `AUTH PLAIN\r\n${plain(`\0alice\0${'x'.repeat(8000)}`)}\r\n`, '3 5 2', '5 5 2', '3 5 2'],
    ],
  },
  {
    reason:
      'AUTH: the postfix here has no SASL; aiosmtpd tells capitals from small letters in the name of the mechanism',
    inputs: [['ehlo', 'auth plain AGFsaWNlAHNlY3JldA==', '2 2', '5 2', '5 2']],
  },
  {
    reason: 'RFC 4954 section 4: AUTH within a transaction is 503; aiosmtpd takes it',
    inputs: [['mail', 'AUTH PLAIN', '5 2', '5 2', '3 5']],
  },
  {
    reason: 'A recipient must not be empty (RFC 5321 section 4.1.1.3); aiosmtpd takes it',
    inputs: [['mail', 'RCPT TO:<>', '5 2', '5 2', '2 2']],
  },
  {
    reason: 'Address literals: the postfix here does not relay to them',
    inputs: [['mail', 'RCPT TO:<b@[127.0.0.1]>', '2 2', '5 2', '2 2']],
  },
  {
    reason:
      'RFC 5321 section 4.1.1.4: only CRLF.CRLF ends a message; postfix takes other line ends unless an option forbids it',
    inputs: [
      ['data', 'A: 1\r\n\r\nx\n.\nNOOP\r\n.\r\n', '2 2', '2 2 2', '2 2'],
      ['data', 'A: 1\r\n\r\nx\n.\r\nNOOP\r\n.\r\n', '2 2', '2 2 2', '2 2'],
      ['data', 'A: 1\r\n\r\nx\r\n.\nNOOP\r\n.\r\n', '2 2', '2 2 2', '2 2'],
      ['data', 'A: 1\r\n\r\nx\r\n.\r\r\nNOOP\r\n.\r\n', '2 2', '2 2 2', '2 2'],
    ],
  },
  {
    reason: 'smtpe refuses an empty message with 550, as the original meant to',
    inputs: [['data', '.\r\n', '5 2', '2 2', '2 2']],
  },
];
