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
    inputs: [['start', 'HELO \xfc', '2 2', '5 2', '2 2']],
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
    ],
  },
  {
    reason: 'BDAT: aiosmtpd does not have it, and takes the octets behind it for commands',
    inputs: [
      ['ehlo', 'BDAT -1', '5', '5', '5 2'],
      ['ehlo', 'BDAT 1 FIRST', '5', '5', '5 2'],
      ['ehlo', 'BDAT 3\r\nA:\nDATA', '5 5 2', '5 5 2', '5 5 5 2'],
      ['ehlo', 'BDAT 3\r\nA:\nEHLO c.example', '5 2 2', '5 2 2', '5 5 2 2'],
      ['ehlo', 'BDAT 3\r\nA:\nNOOP', '5 2 2', '5 2 2', '5 5 2 2'],
      ['ehlo', 'BDAT 3\r\nA:\nRCPT TO:<a@example.com>', '5 5 2', '5 5 2', '5 5 5 2'],
      ['ehlo', 'BDAT 3\r\nA:\nRSET', '5 2 2', '5 2 2', '5 5 2 2'],
      ['ehlo', 'BDAT 3\r\nA:\nVRFY root', '5 2 2', '5 2 2', '5 5 2 2'],
      ['ehlo', 'BDAT 5\r\nA: 1\nBDAT 5 LAST\r\n\r\nx\r\n', '5 5 2', '5 5 2', '5 5 5 5 5 2'],
      ['ehlo', 'BDAT 6 LAST\r\nRSET\r\n', '5 2', '5 2', '5 2 2'],
      ['ehlo', 'BDAT x', '5', '5', '5 2'],
      ['ehlo', 'BDAT', '5', '5', '5 2'],
      ['ehlo', 'bdat 7 last\r\n.\r\nDATA\nNOOP', '5 5 2 2', '5 5 2 2', '5 5 5 2 2'],
      ['rcpt', 'BDAT -1', '5', '5', '5 2'],
      ['rcpt', 'BDAT 1 FIRST', '5', '5', '5 2'],
      ['rcpt', 'BDAT 3\r\nA:\nDATA', '2 5 2', '2 5 2', '5 5 3'],
      ['rcpt', 'BDAT 3\r\nA:\nEHLO c.example', '2 2 2', '2 2 2', '5 5 2 2'],
      ['rcpt', 'BDAT 3\r\nA:\nMAIL FROM:<a@example.com>', '2 5 2', '2 5 2', '5 5 5 2'],
      ['rcpt', 'BDAT 3\r\nA:\nNOOP', '2 2 2', '2 2 2', '5 5 2 2'],
      ['rcpt', 'BDAT 3\r\nA:\nRCPT TO:<a@example.com>', '2 5 2', '2 5 2', '5 5 2 2'],
      ['rcpt', 'BDAT 3\r\nA:\nRSET', '2 2 2', '2 2 2', '5 5 2 2'],
      ['rcpt', 'BDAT 3\r\nA:\nVRFY root', '2 2 2', '2 2 2', '5 5 2 2'],
      ['rcpt', 'BDAT 5\r\nA: 1\nBDAT 5 LAST\r\n\r\nx\r\n', '2 2 2', '2 2 2', '5 5 5 5 5 2'],
      ['rcpt', 'BDAT 6 LAST\r\nRSET\r\n', '2 2', '2 2', '5 2 2'],
      ['rcpt', 'BDAT x', '5', '5', '5 2'],
      ['rcpt', 'BDAT', '5', '5', '5 2'],
      ['rcpt', 'bdat 7 last\r\n.\r\nDATA\nNOOP', '2 5 2 2', '2 5 2 2', '5 5 3'],
      ['start', 'BDAT 1 LAST', '5 5', '5 5', '5 2'],
    ],
  },
  {
    reason:
      'RFC 3030 section 2: a chunk may be empty, and is then no message yet; an empty message is refused as by DATA',
    inputs: [
      ['rcpt', 'BDAT 0', '2 2', '5 2', '5 2'],
      ['rcpt', 'BDAT 0 LAST', '5 2', '2 2', '5 2'],
    ],
  },
  {
    reason: 'A refused BDAT leaves no transaction behind in which MAIL would be out of sequence',
    inputs: [['ehlo', 'BDAT 3\r\nA:\nMAIL FROM:<a@example.com>', '5 2 2', '5 5 2', '5 5 2 2']],
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
    inputs: [['start', 'NOOP \xff', '2 2', '5 2', '2 2']],
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
      ['ehlo', 'MAIL FROM:<\xc3\xbc..b@example.com> SMTPUTF8', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<.\xc3\xbc@example.com> SMTPUTF8', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<\xc3\xbc.@example.com> SMTPUTF8', '5 2', '2 2', '2 2'],
      ['utf8', 'RCPT TO:<.\xc3\xbc@example.com>', '5 2', '2 2', '2 2'],
      ['utf8', 'RCPT TO:<\xc3\xbc..b@example.com>', '5 2', '2 2', '2 2'],
      ['utf8', 'RCPT TO:<\xc3\xbc.@example.com>', '5 2', '2 2', '2 2'],

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
      ['ehlo', 'MAIL FROM:<a@example.com> SMTPUTF8 SMTPUTF8', '5 2', '2 2', '2 2'],

      ['ehlo', 'MAIL FROM:<a@example.com> SIZE=1 SIZE=1', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> BODY=7BIT BODY=8BITMIME', '5 2', '2 2', '2 2'],
    ],
  },
  {
    reason:
      'UTF-8: well-formed, with valid names, and only where SMTPUTF8 was said (RFC 6531 section 3.3); aiosmtpd does not look at addresses',
    inputs: [
      ['ehlo', 'MAIL FROM:<"\xfc"@example.com>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<\xfc@example.com>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a@b\xfc.example>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<\xc3\xbc b@example.com> SMTPUTF8', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<"\xc3\xbc@example.com> SMTPUTF8', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<b@-\xc3\xa4.com> SMTPUTF8', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<b@\xc3\xa4-.com> SMTPUTF8', '5 2', '5 2', '2 2'],
      [
        'ehlo',
        'MAIL FROM:<b@\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4.com> SMTPUTF8',
        '5 2',
        '5 2',
        '2 2',
      ],
      ['ehlo', 'MAIL FROM:<\xc3(@example.com> SMTPUTF8', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<\xc0\xae@example.com> SMTPUTF8', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<\xed\xa0\x80@example.com> SMTPUTF8', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<\xff@example.com> SMTPUTF8', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<b@\xc3(.com> SMTPUTF8', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<b@\xff.com> SMTPUTF8', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<\xf4\x90\x80\x80@example.com> SMTPUTF8', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<a\xc3@example.com> SMTPUTF8', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<b@ex\xc3\xa4mple.com>', '5 2', '5 2', '2 2'],
      ['ehlo', 'MAIL FROM:<b\xc3\xbccher@ex\xc3\xa4mple.com>', '5 2', '5 2', '2 2'],
      [
        'ehlo',
        'MAIL FROM:<\xe5\x90\x8d@\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88>',
        '5 2',
        '5 2',
        '2 2',
      ],
      ['mail', 'RCPT TO:<b@b\xfc.example>', '5 2', '5 2', '2 2'],
      ['mail', 'RCPT TO:<\xfc@example.com>', '5 2', '5 2', '2 2'],
      ['mail', 'RCPT TO:<b\xc3\xbccher@ex\xc3\xa4mple.com>', '5 2', '5 2', '2 2'],
      ['mail', 'RCPT TO:<b@ex\xc3\xa4mple.com>', '5 2', '5 2', '2 2'],
      ['utf8', 'RCPT TO:<\xc3\xbc b@example.com>', '5 2', '5 2', '2 2'],
      ['utf8', 'RCPT TO:<"\xc3\xbc@example.com>', '5 2', '5 2', '2 2'],
      ['utf8', 'RCPT TO:<b@-\xc3\xa4.com>', '5 2', '5 2', '2 2'],
      ['utf8', 'RCPT TO:<b@\xc3\xa4-.com>', '5 2', '5 2', '2 2'],
      [
        'utf8',
        'RCPT TO:<b@\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4.com>',
        '5 2',
        '5 2',
        '2 2',
      ],
      ['utf8', 'RCPT TO:<\xc0\xae@example.com>', '5 2', '5 2', '2 2'],
      ['utf8', 'RCPT TO:<\xc3(@example.com>', '5 2', '5 2', '2 2'],
      ['utf8', 'RCPT TO:<a\xc3@example.com>', '5 2', '5 2', '2 2'],
      ['utf8', 'RCPT TO:<\xf4\x90\x80\x80@example.com>', '5 2', '5 2', '2 2'],
      ['utf8', 'RCPT TO:<\xed\xa0\x80@example.com>', '5 2', '5 2', '2 2'],
      ['utf8', 'RCPT TO:<\xff@example.com>', '5 2', '5 2', '2 2'],
      ['utf8', 'RCPT TO:<b@\xff.com>', '5 2', '5 2', '2 2'],
      ['utf8', 'RCPT TO:<b@\xc3(.com>', '5 2', '5 2', '2 2'],
    ],
  },
  {
    reason: 'DSN: aiosmtpd does not have it',
    inputs: [
      ['ehlo', 'MAIL FROM:<a@example.com> RET=FULL', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> ENVID=x', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> ENVID=QQ314159', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> ENVID=a+2Bb+3D', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> ENVID=+2b', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> ENVID=<x>', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> ENVID=a,b', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> ENVID=\\', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> ENVID="x"', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> ENVID=x;y', '2 2', '2 2', '5 2'],
      [
        'ehlo',
        'MAIL FROM:<a@example.com> ENVID=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
        '2 2',
        '2 2',
        '5 2',
      ],
      [
        'ehlo',
        'MAIL FROM:<a@example.com> ENVID=+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41+41',
        '2 2',
        '2 2',
        '5 2',
      ],
      ['ehlo', 'MAIL FROM:<a@example.com> RET=full', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> RET=HDRS', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> RET=hdrs', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<a@example.com> ret=full envid=x SIZE=1', '2 2', '2 2', '5 2'],
      ['ehlo', 'MAIL FROM:<> RET=HDRS ENVID=x', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=NEVER', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=SUCCESS,FAILURE', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=rfc822;b@example.com', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=never', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=SUCCESS', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=success,failure', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=DELAY,SUCCESS,FAILURE', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=rfc822;Bob+40example.com', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=RFC822;b@example.com', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=x400;/S+3Da', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=rfc822;a;b', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=rfc822;+0D+0A', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=utf-8;b\\x{FC}@example.com', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=utf-8;a\\x{2B}b@x.example', '2 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=unknown;x', '2 2', '2 2', '5 2'],
      [
        'mail',
        'RCPT TO:<b@example.com> ORCPT=rfc822;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
        '2 2',
        '2 2',
        '5 2',
      ],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=DELAY ORCPT=rfc822;a', '2 2', '2 2', '5 2'],
      ['utf8', 'RCPT TO:<b@example.com> ORCPT=utf-8;\xc3\xbc\\x{2B}@x', '2 2', '2 2', '5 2'],
      ['utf8', 'RCPT TO:<b@example.com> ORCPT=utf-8;b\xc3\xbc@example.com', '2 2', '2 2', '5 2'],
    ],
  },
  {
    reason:
      'Domains in UTF-8: U-labels only, and none that IDNA makes another name of; the last one is no number',
    inputs: [
      ['ehlo', 'MAIL FROM:<b@\xc3\xa4.1> SMTPUTF8', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<b@ex\xc2\xadample.com> SMTPUTF8', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<b@\xef\xbd\x85xample.com> SMTPUTF8', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<b@exa\xcc\x88mple.com> SMTPUTF8', '5 2', '2 2', '2 2'],
      ['ehlo', 'MAIL FROM:<b@ex\xe2\x80\x8bample.com> SMTPUTF8', '5 2', '2 2', '2 2'],
      ['utf8', 'RCPT TO:<b@\xc3\xa4.1>', '5 2', '2 2', '2 2'],
      ['utf8', 'RCPT TO:<b@ex\xc2\xadample.com>', '5 2', '2 2', '2 2'],
      ['utf8', 'RCPT TO:<b@exa\xcc\x88mple.com>', '5 2', '2 2', '2 2'],
      ['utf8', 'RCPT TO:<b@\xef\xbd\x85xample.com>', '5 2', '2 2', '2 2'],
      ['utf8', 'RCPT TO:<b@ex\xe2\x80\x8bample.com>', '5 2', '2 2', '2 2'],
      [
        'utf8',
        'RSET\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<\xc3\xbc@example.com>\r\n',
        '2 2 5 2',
        '2 2 2 2',
        '2 2 2 2',
      ],
    ],
  },
  {
    reason:
      'RFC 6531 section 3.1: without SMTPUTF8 no address is in UTF-8; postfix takes a local part, unless an option forbids it',
    inputs: [
      ['ehlo', 'MAIL FROM:<b\xc3\xbccher@example.com>', '5 2', '2 2', '2 2'],
      ['mail', 'RCPT TO:<b\xc3\xbccher@example.com>', '5 2', '2 2', '2 2'],
    ],
  },
  {
    reason:
      'RFC 3461 section 4: xtext stands for any octet; postfix takes none in ENVID that is no printable ASCII',
    inputs: [['ehlo', 'MAIL FROM:<a@example.com> ENVID=+0D+0AX', '2 2', '5 2', '5 2']],
  },
  {
    reason:
      'DSN: values as RFC 3461 section 4 and RFC 6533 section 3 have them, each word of NOTIFY once; postfix looks less closely, aiosmtpd has no DSN',
    inputs: [
      ['ehlo', 'MAIL FROM:<a@example.com> ENVID=a=b', '5 2', '2 2', '5 2'],
      [
        'ehlo',
        'MAIL FROM:<a@example.com> ENVID=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
        '5 2',
        '2 2',
        '5 2',
      ],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=SUCCESS,', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=,SUCCESS', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=SUCCESS,SUCCESS', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> NOTIFY=NEVER,NEVER', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=rfc822;', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=x400;/S=a', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=rf(c;a', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=utf-8;b\\x{}@x', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=utf-8;b\\x{D800}@x', '5 2', '2 2', '5 2'],
      ['mail', 'RCPT TO:<b@example.com> ORCPT=utf-8;b\\y@x', '5 2', '2 2', '5 2'],
      ['utf8', 'RCPT TO:<b@example.com> ORCPT=rfc822;\xc3\xbc@example.com', '5 2', '2 2', '5 2'],
    ],
  },
  {
    reason: 'VRFY: a name in UTF-8 has SMTPUTF8 behind it (RFC 6531 section 3.7.4.2), and is well-formed',
    inputs: [
      ['ehlo', 'VRFY \xc3\xbc', '5 2', '2 2', '2 2'],
      ['ehlo', 'VRFY \xff SMTPUTF8', '5 2', '5 2', '2 2'],
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
