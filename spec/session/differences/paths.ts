// Deliberate differences. MAIL and RCPT as RFC 5321 has them: paths, words before the colon, parameters.
import { all, answer, type Change, hooks } from '../change.ts';
import { octets, type Transcript } from '../transcript.ts';
import { type Difference, reply, taken } from './words.ts';

/** A MAIL or RCPT that the original took and we refuse without asking the policy. */
const refuses =
  (line: string, refusal: string): Change =>
  (transcript) => {
    const at = transcript.steps.findIndex(
      ({ send }) => send !== undefined && octets(send).startsWith(`${line}\r\n`),
    );
    const old = transcript.steps[at + 1]?.expect;
    if (old === undefined || !old.startsWith('250 '))
      throw new Error(`${transcript.name}: ${line} was not taken`);
    const before = transcript.steps.slice(0, at).filter(({ expect }) => expect === old).length;
    const verb = line.slice(0, 4).toLowerCase();
    const log = transcript.hook_log;
    const places = log.flatMap((entry, i) =>
      entry[0] === verb && JSON.stringify(log[i + 1]) === JSON.stringify(reply(old)) ? [i] : [],
    );
    const place = places[before];
    if (place === undefined) throw new Error(`${transcript.name}: no hook was called for ${line}`);
    return {
      ...transcript,
      steps: transcript.steps.map((step, i) => (i === at + 1 ? { ...step, expect: `${refusal}\r\n` } : step)),
      hook_log: [...log.slice(0, place), reply(`${refusal}\r\n`), ...log.slice(place + 2)],
    };
  };

const SENDER_LOCAL = '553 5.1.7 invalid local part';
const SENDER_DOMAIN = '553 5.1.7 invalid domain name';
const RCPT_LOCAL = '553 5.1.3 invalid local part';
const RCPT_DOMAIN = '553 5.1.3 invalid domain name';
const BRACKETS = '553 5.1.0 imbalanced angle brackets in path';
const NOT_ASCII = '553 5.6.7 address is not ASCII';
const TOO_LONG = '553 5.1.0 domain name too long, see RFC 2821 section 4.5.3.1';
const longDomain = `${'d'.repeat(300)}.com`;

export const pathDifferences: readonly Difference[] = [
  {
    cases: ['mail-parse-2'],
    reason:
      'RFC 5321 section 4.1.2: a path has brackets (smtp-lenient takes it without). A domain of one label is for the policy to judge',
    change: all(
      refuses('MAIL FROM:alice@example.com', '553 5.1.0 address does not conform to RFC 2821 syntax'),
      taken('mail', 'MAIL FROM:<alice@example>', 'alice@example', 'example'),
      taken('mail', 'MAIL FROM:<alice@localhost>', 'alice@localhost', 'localhost'),
    ),
  },
  {
    cases: ['mail-parse-4'],
    reason:
      'S27: quotes keep a blank in a path; without them it is no local part. RFC 1123 section 2.1: no hyphen at the ends of a label',
    change: all(
      answer('MAIL FROM:< alice@example.com >', `${SENDER_LOCAL}\r\n`),
      taken('mail', 'MAIL FROM:<"alice smith"@example.com>', '"alice smith"@example.com', 'example.com'),
      refuses('MAIL FROM:<alice@-example.com>', SENDER_DOMAIN),
      refuses('MAIL FROM:<alice@example-.com>', SENDER_DOMAIN),
    ),
  },
  {
    cases: ['rcpt-parse-4'],
    reason:
      'S27: quotes keep a blank in a path; without them it is no local part. RFC 1123 section 2.1: no hyphen at the ends of a label',
    change: all(
      answer('RCPT TO:< bob@example.com >', `${RCPT_LOCAL}\r\n`),
      taken('rcpt', 'RCPT TO:<"bob smith"@example.com>', '"bob smith"@example.com', 'example.com'),
      refuses('RCPT TO:<bob@-example.com>', RCPT_DOMAIN),
      refuses('RCPT TO:<bob@example-.com>', RCPT_DOMAIN),
    ),
  },
  {
    cases: ['mail-parse-5'],
    reason:
      'RFC 5321 section 4.1.2: a domain neither begins nor ends with a dot; section 4.1.1.3: a source route is taken off',
    change: all(
      refuses('MAIL FROM:<alice@.example.com>', SENDER_DOMAIN),
      refuses('MAIL FROM:<alice@example.com.>', SENDER_DOMAIN),
      answer(
        'MAIL FROM:<@relay.example.net:alice@example.com>',
        '250 2.1.0 sender <alice@example.com> OK\r\n',
      ),
      hooks(
        [['mail', '@relay.example.net:alice@example.com', 'example.com']],
        [['mail', 'alice@example.com', 'example.com']],
      ),
    ),
  },
  {
    cases: ['rcpt-parse-3'],
    reason: 'RFC 5321 section 4.1.2: one pair of brackets, a domain behind the @, no blank without quotes',
    change: all(
      refuses('RCPT TO:<<bob@example.com>>', BRACKETS),
      refuses('RCPT TO:<bob@>', RCPT_DOMAIN),
      answer('RCPT TO:<al ice@example.com>', `${RCPT_LOCAL}\r\n`),
    ),
  },
  {
    cases: ['rcpt-parse-6'],
    reason:
      'RFC 5321 section 4.1.1.3: a source route is taken off, and may name hosts of one label; engine 9.2 #24: address literals are addresses',
    change: all(
      taken('rcpt', 'RCPT TO:<@relay:bob@example.com>', 'bob@example.com', 'example.com'),
      answer(
        'RCPT TO:<@a.example,@b.example:bob@example.com>',
        '250 2.1.0 recipient <bob@example.com> OK\r\n',
      ),
      hooks(
        [['rcpt', '@a.example,@b.example:bob@example.com', 'a.example,@b.example:bob@example.com']],
        [['rcpt', 'bob@example.com', 'example.com']],
      ),
      taken('rcpt', 'RCPT TO:<bob@[192.0.2.1]>', 'bob@[192.0.2.1]', '[192.0.2.1]'),
      taken('rcpt', 'RCPT TO:<bob@[IPv6:2001:db8::1]>', 'bob@[IPv6:2001:db8::1]', '[ipv6:2001:db8::1]'),
    ),
  },
  {
    cases: ['mail-parse-7'],
    reason: 'RFC 5321 section 4.1.2, Dot-string: no dot at the ends, no two together',
    change: all(
      refuses('MAIL FROM:<alice.@example.com>', SENDER_LOCAL),
      refuses('MAIL FROM:<.alice@example.com>', SENDER_LOCAL),
      refuses('MAIL FROM:<a..b@example.com>', SENDER_LOCAL),
      answer('MAIL FROM:<caf', `${NOT_ASCII}\r\n`),
    ),
  },
  {
    cases: ['rcpt-parse-7'],
    reason: 'RFC 5321 section 4.1.2, Dot-string: no dot at the ends, no two together',
    change: all(
      refuses('RCPT TO:<bob.@example.com>', RCPT_LOCAL),
      refuses('RCPT TO:<.bob@example.com>', RCPT_LOCAL),
      refuses('RCPT TO:<a..b@example.com>', RCPT_LOCAL),
      answer('RCPT TO:<caf', `${NOT_ASCII}\r\n`),
    ),
  },
  {
    cases: ['mail-parse-8'],
    reason:
      'RFC 6531: SMTPUTF8 is not offered; RFC 5321 section 4.5.3.1.2: 255 octets; section 4.1.1.11: 555 for an unknown parameter',
    change: all(
      refuses('MAIL FROM:<alice@caf\xc3\xa9.com>', NOT_ASCII),
      refuses(`MAIL FROM:<alice@${longDomain}>`, TOO_LONG),
      refuses('MAIL FROM:<alice@example.com> FOO=bar', '555 5.5.4 unknown parameter FOO=bar'),
    ),
  },
  {
    cases: ['rcpt-parse-8'],
    reason:
      'RFC 6531: SMTPUTF8 is not offered; RFC 5321 section 4.5.3.1.2: 255 octets; section 4.1.1.11: 555 for an unknown parameter',
    change: all(
      refuses('RCPT TO:<bob@caf\xc3\xa9.com>', NOT_ASCII),
      refuses(`RCPT TO:<bob@${longDomain}>`, TOO_LONG),
      refuses('RCPT TO:<bob@example.com> FOO=bar', '555 5.5.4 unknown parameter FOO=bar'),
    ),
  },
  {
    cases: ['mail-parse-9'],
    reason: 'RFC 5321 section 4.1.1.2: FROM: in front of the path, only parameters behind it',
    change: all(
      refuses('MAIL FROM:<alice@example.com>trailing', '501 5.5.4 invalid parameter trailing'),
      refuses('MAIL TO:<alice@example.com>', '501 5.5.2 syntax error'),
      refuses('MAIL SAVE:<alice@example.com>', '501 5.5.2 syntax error'),
    ),
  },
  {
    cases: ['rcpt-parse-9'],
    reason: 'RFC 5321 section 4.1.1.3: TO: in front of the path, only parameters of RCPT behind it',
    change: all(
      refuses('RCPT TO:<bob@example.com> BODY=8BITMIME', '555 5.5.4 unknown parameter BODY=8BITMIME'),
      refuses('RCPT TO:<bob@example.com> AUTH=<>', '555 5.5.4 unknown parameter AUTH=<>'),
      refuses('RCPT TO:<bob@example.com>trailing', '501 5.5.4 invalid parameter trailing'),
      refuses('RCPT FROM:<bob@example.com>', '501 5.5.2 syntax error'),
      refuses('RCPT SAVE:<bob@example.com>', '501 5.5.2 syntax error'),
    ),
  },
  {
    cases: ['mail-parse-10'],
    reason: 'RFC 5321 section 4.1.2: a backslash stands in quotes only (smtp-lenient takes it without)',
    change: refuses('MAIL FROM:<alice\\@home@example.com>', SENDER_LOCAL),
  },
  {
    cases: ['rcpt-parse-10'],
    reason: 'RFC 5321 section 4.1.2: a backslash stands in quotes only (smtp-lenient takes it without)',
    change: refuses('RCPT TO:<bob\\@home@example.com>', RCPT_LOCAL),
  },
  {
    cases: ['rcpt-parse-11'],
    reason: 'RFC 3461: DSN is not offered, so that its parameters are unknown (smtp-lenient drops them)',
    change: refuses('RCPT TO:<bob@example.org> NOTIFY=NEVER', '555 5.5.4 unknown parameter NOTIFY=NEVER'),
  },
  {
    cases: ['rcpt-partial-reject', 'three-recipients-forward-args'],
    reason:
      'API text: hook.forward and the next hop get a recipient as hook.rcpt got it, in upper and lower case',
    change: (transcript) => {
      const whole = (text: string): string =>
        text
          .replace('Second@example.net', 'Second@Example.NET')
          .replace('Good2@example.org', 'Good2@Example.ORG');
      const changed: Transcript = {
        ...transcript,
        hook_log: transcript.hook_log.map((entry) =>
          entry[0] === 'forward' ? JSON.parse(whole(JSON.stringify(entry))) : entry,
        ),
      };
      const sent = changed.sink_log;
      return sent === undefined ? changed : { ...changed, sink_log: JSON.parse(whole(JSON.stringify(sent))) };
    },
  },
];
