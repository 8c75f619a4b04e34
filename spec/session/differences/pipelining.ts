// Deliberate differences. Input that is there behind a command: it is noticed when it is there, and nobody is kept waiting for it (S1, S9, engine 9.2 #28).
import { all, eachHook, endsWith, expected, hooks, hooksFrom, steps } from '../change.ts';
import { CLOSING, type Difference, dropped, NO_PIPELINING, OK, QUIT, RCPT, reply, SENDER } from './words.ts';

export const pipeliningDifferences: readonly Difference[] = [
  {
    cases: ['pipeline-ehlo-noop-default'],
    reason: 'what follows EHLO in the same packet is executed behind it',
    change: (transcript) => {
      const ehlo = transcript.steps[5]?.expect ?? '';
      return all(
        steps(3, 4, [{ expect: `${ehlo}${OK}` }]),
        hooks(
          [reply('550 5.5.0 pipeline data after EHLO command\r\n')],
          [['ehlo', 'client.example'], reply(ehlo), ['reset'], ['noop'], reply(OK)],
        ),
      )(transcript);
    },
  },
  {
    cases: ['pipeline-noop-noop-default', 'pipeline-noop-noop-enabled-reject'],
    reason: 'what follows NOOP in the same packet is executed behind it',
    change: all(
      expected('NOOP', `${OK}${OK}`),
      hooks(
        [reply('550 5.5.0 pipeline data after NOOP command\r\n')],
        [['noop'], reply(OK), ['noop'], reply(OK)],
      ),
    ),
  },
  {
    cases: ['pipeline-quit-more-default', 'pipeline-quit-more-enabled-reject'],
    reason: 'QUIT ends the session, whatever follows it',
    change: all(
      (transcript) =>
        steps(5, transcript.steps.length, [{ expect: CLOSING }, { expect_close: true }])(transcript),
      hooksFrom(6, [['quit'], reply(CLOSING), ['close', 0]]),
    ),
  },
  {
    cases: [
      'pipeline-segments-ehlo-noop-default',
      'pipeline-segments-ehlo-noop-enabled',
      'pipeline-segments-ehlo-noop-enabled-reject',
    ],
    reason: 'EHLO is answered at once, NOOP comes after that',
    change: (transcript) => {
      const pipelining = transcript.options.includes('+rfc2920-pipelining-enable')
        ? '250-PIPELINING\r\n'
        : '';
      const ehlo = `250-Hello client.example (127.0.0.1, localhost)\r\n250-ENHANCEDSTATUSCODES\r\n250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\r\n${pipelining}250-AUTH PLAIN LOGIN\r\n250-LIMITS RCPTMAX=1000\r\n250-8BITMIME\r\n250-CHUNKING\r\n250 SIZE 0\r\n`;
      return all(
        steps(5, transcript.steps.length, [
          { expect: `${ehlo}${OK}` },
          { send: QUIT },
          { expect: CLOSING },
          { expect_close: true },
        ]),
        hooksFrom(3, [
          ['ehlo', 'client.example'],
          reply(ehlo),
          ['reset'],
          ['noop'],
          reply(OK),
          ['quit'],
          reply(CLOSING),
          ['close', 0],
        ]),
      )(transcript);
    },
  },
  {
    cases: ['pipeline-segments-ehlo-reject', 'pipeline-segments-ehlo-enabled'],
    reason:
      'MAIL is answered at once, RCPT comes after that: no pipelining. NOOP behind DATA is a line of the message',
    change: (transcript) => ({
      ...all(
        expected('RCPT', `${SENDER}${RCPT}`),
        eachHook((entry) => (entry[0] === 'pipelining' ? ['pipelining', false] : entry)),
      )(transcript),
      ...(transcript.name.endsWith('reject')
        ? { steps: expected('QUIT', CLOSING)(expected('RCPT', `${SENDER}${RCPT}`)(transcript)).steps }
        : {}),
    }),
  },
  {
    cases: ['pipeline-segments-helo-reject', 'pipeline-segments-helo-enabled-reject'],
    reason: 'MAIL is answered at once, RCPT comes after that: no pipelining',
    change: all(expected('RCPT', `${SENDER}${RCPT}`), expected('RSET', OK), expected('QUIT', CLOSING)),
  },
  {
    cases: ['pipeline-segments-data-then-content-reject'],
    reason: 'a message behind the reply to DATA is no pipelining',
    change: expected('QUIT', CLOSING),
  },
  {
    cases: ['pipeline-is-pipelining-flag'],
    reason: 'commands in one packet are pipelining',
    change: (transcript) => {
      let yes = false;
      return eachHook((entry) => {
        if (entry[0] !== 'flag') return entry;
        yes ||= entry[1] === 'mail';
        return ['flag', entry[1] as string, yes, entry[3] as string];
      })(transcript);
    },
  },
  {
    cases: ['early-talker-reject', 'early-talker-enabled-reject', 'early-talker-ehlo-enabled-reject'],
    reason: 'S9: rfc2920-pipelining-reject drops, as its description says',
    change: (transcript) =>
      endsWith(
        transcript.name.includes('ehlo') ? 'EHLO' : 'HELO',
        NO_PIPELINING,
        transcript.name.includes('ehlo') ? 2 : 3,
        2,
      )(transcript),
  },
  {
    cases: [
      'pipeline-mail-rcpt-data-reject',
      'pipeline-after-helo-reject',
      'pipeline-after-helo-enabled-reject',
      'pipeline-two-messages-reject',
      'pipeline-reject-drops-data',
    ],
    reason: 'S9: rfc2920-pipelining-reject drops, as its description says, and the command has no effect',
    change: dropped('MAIL', 6),
  },
  {
    cases: ['pipeline-noop-noop-reject'],
    reason: 'S9: rfc2920-pipelining-reject drops, as its description says, and the command has no effect',
    change: dropped('NOOP', 6),
  },
  {
    cases: ['pipeline-quit-more-reject'],
    reason: 'S9: rfc2920-pipelining-reject drops, as its description says, and the command has no effect',
    change: dropped('QUIT', 6),
  },
  {
    cases: ['pipeline-rset-mail-reject'],
    reason: 'S9: rfc2920-pipelining-reject drops, as its description says, and the command has no effect',
    change: dropped('RSET', 8),
  },
  {
    cases: ['pipeline-ehlo-noop-enabled-reject'],
    reason: 'S9: rfc2920-pipelining-reject drops; PIPELINING counts as announced when EHLO was answered',
    change: dropped('EHLO', 3),
  },
];
