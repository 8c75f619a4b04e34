// Deliberate differences. What happens with the next hop, and what the client hears of it.
import { all, answer, eachHook, hooks, nextHops, steps } from '../change.ts';
import type { LogEntry } from '../transcript.ts';
import {
  ACCEPTED,
  afterCrash,
  CLOSING,
  DELIVERED,
  type Difference,
  EHLO,
  MAIL,
  message,
  QUIT,
  reply,
  sendResult,
  TO,
} from './words.ts';

export const nextHopDifferences: readonly Difference[] = [
  {
    cases: ['smart-bare-lf'],
    reason: 'only CRLF.CRLF ends a message, bare line ends in it become CRLF',
    change: all(
      message('Subject', '\r\n.\r\n', 'Subject: x\r\nTo: y\r\n\r\nbody\r\n.\r\n\r\n', [
        ['header', 'Subject: x'],
        ['header', 'To: y'],
        ['eoh'],
        ['body', 'body'],
        ['body', '.'],
        ['body', ''],
      ]),
      nextHops([[EHLO, MAIL, TO, 'DATA\r\n', 'Subject: x\r\nTo: y\r\n\r\nbody\r\n..\r\n\r\n', QUIT]]),
    ),
  },
  {
    cases: [
      'smart-banner-421',
      'smart-mail-451',
      'smart-data-451',
      'smart-data-554',
      'smart-dot-550',
      'smart-dot-552',
      'smart-dot-421',
      'smart-default-at-dot-250-with-451',
      'smart-rcpt-450-only',
      'smart-rcpt-all-550-data-554',
    ],
    reason:
      'design: 4xx and 5xx of the next hop are passed on with their text (421 as 451); S45: no DATA when every recipient is refused; S23: no crash',
    change: (transcript) => {
      const text: Readonly<Record<string, string>> = {
        'smart-banner-421': '451 4.3.2 busy\r\n',
        'smart-mail-451': '451 4.7.1 later\r\n',
        'smart-data-451': '451 4.3.0 no\r\n',
        'smart-data-554': '554 5.6.0 no\r\n',
        'smart-dot-550': '550 5.7.1 spam\r\n',
        'smart-dot-552': '552 5.3.4 too big\r\n',
        'smart-dot-421': '451 4.3.2 shutting down\r\n',
        'smart-default-at-dot-250-with-451': '451 4.3.0 later\r\n',
        'smart-rcpt-450-only': '450 4.2.1 later\r\n',
        'smart-rcpt-all-550-data-554': '550 5.1.1 unknown\r\n',
      };
      const changed = answer('Subject', text[transcript.name] ?? '')(transcript);
      switch (transcript.name) {
        case 'smart-banner-421':
        case 'smart-mail-451':
          return afterCrash(changed);
        case 'smart-rcpt-450-only':
          return nextHops([[EHLO, MAIL, TO, QUIT]])(changed);
        case 'smart-rcpt-all-550-data-554':
          return nextHops([[EHLO, MAIL, TO, 'RCPT TO:<carol@example.org>\r\n', QUIT]])(changed);
        default:
          return changed;
      }
    },
  },
  {
    cases: ['smart-rcpt-mixed'],
    reason:
      'design: smtp-partial decides when the next hop takes some recipients only; by default nobody gets what the client will send again',
    change: all(
      answer(
        'Subject',
        '451 4.5.0 not taken for all recipients, refused: <carol@example.org> <dave@example.net>\r\n',
      ),
      nextHops([[EHLO, MAIL, TO, 'RCPT TO:<carol@example.org>\r\n', 'RCPT TO:<dave@example.net>\r\n', QUIT]]),
    ),
  },
  {
    cases: ['smart-two-hosts-space'],
    reason: 'a list of hosts may be separated by blanks, as its description says',
    change: all(answer('Subject', ACCEPTED), nextHops([], [DELIVERED])),
  },
  {
    cases: ['smart-first-banner-421-second-not-tried'],
    reason: 'a next hop that refuses service is followed by the next one; S23: no crash',
    change: all(
      answer('Subject', ACCEPTED),
      (transcript) => afterCrash(transcript),
      nextHops([[QUIT]], [DELIVERED]),
    ),
  },
  {
    cases: ['smart-dot-hook-250', 'smart-body-hook-250'],
    reason: 'S17: a positive reply of a hook is held until the message was forwarded (API text)',
    change: nextHops([DELIVERED]),
  },
  {
    cases: ['smart-forward-hook-error'],
    reason: 'after a Lua error in hook.forward the smart host forwards (API text)',
    change: all(
      answer('Subject', ACCEPTED),
      steps(12, 13, [{ send: QUIT }, { expect: CLOSING }, { expect_close: true }]),
      hooks([['close', 4]], [['reset'], ['quit'], reply(CLOSING), ['close', 0]]),
      nextHops([DELIVERED]),
    ),
  },
  {
    cases: ['smart-spool-dir-empty'],
    reason: 'S44: a message that is only in memory is forwarded as well',
    change: all(answer('Subject', ACCEPTED), nextHops([DELIVERED])),
  },
  {
    cases: [/^smart-lua-send/],
    reason:
      'smtp.send*: the first result is a boolean; a fourth one tells more (the policies of the call-ahead cases take three)',
    change: (transcript) =>
      eachHook((entry) =>
        entry[0] !== 'result'
          ? entry
          : (sendResult(entry).slice(
              0,
              transcript.name.includes('callahead') ? 4 : 5,
            ) as unknown as LogEntry),
      )(transcript),
  },
];
