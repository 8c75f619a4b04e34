// Deliberate differences. Errors in the policy; AUTH, XCLIENT and the rest that a policy sees.
import { all, answer, endsWith, expected, hooks, hooksFrom, ignoring, sends, steps } from '../change.ts';
import type { Transcript } from '../transcript.ts';
import { CLOSING, type Difference, GO, MESSAGE, outOfSequence, QUIT, reply, unknown } from './words.ts';

export const policyDifferences: readonly Difference[] = [
  // Errors in the policy
  {
    cases: [
      /^lua-error-(?!forward$|reset$|close$|per-connection-load$|content$)/,
      'lua-error-forward',
      'error-hook-lua-error',
    ],
    reason:
      'S10: hook.error is called, with a number of the operating system and what happened, before hook.close',
    change: all(
      hooks(
        [['close', 4]],
        [
          ['error', 125, 'hook.{{ANY}}'],
          ['close', 4],
        ],
      ),
      // Cut in pieces, the hook fails before all of the message has come.
      (transcript) =>
        /-(header|body)$/.test(transcript.name) ? ignoring('content')(transcript) : transcript,
      (transcript) =>
        transcript.name === 'error-hook-lua-error'
          ? hooks(
              [['close', 4]],
              [
                ['err', 125, 'hook.{{ANY}}', 'MAIL FROM:<alice@example.com>'],
                ['close', 4],
              ],
            )(transcript)
          : transcript,
    ),
  },
  {
    cases: ['lua-error-content'],
    reason: 'hook.content is not called with nothing; S10: hook.error is called',
    change: all(
      expected('DATA', GO),
      steps(10, 10, [{ send: `${MESSAGE}.\r\n` }, { expect: '421 4.3.0 internal error\r\n' }]),
      ignoring('content'),
      hooks(
        [['close', 4]],
        [
          ['error', 125, 'hook.content{{ANY}}'],
          ['close', 4],
        ],
      ),
    ),
  },
  {
    cases: ['lua-error-per-connection-load'],
    reason:
      'S0: the policy is tried at the start with everything that it has later; an error at file level is found there',
    change: (transcript) => ({ ...transcript, load_fails: /cannot load/ }),
  },
  {
    cases: ['hook-not-function'],
    reason: 'a hook that is no function is an error in the policy like any other, not silence',
    change: all(
      endsWith('MAIL', '421 4.3.0 internal error\r\n', 6, 4),
      hooks(
        [['close', 4]],
        [
          ['error', 125, 'hook.{{ANY}}'],
          ['close', 4],
        ],
      ),
    ),
  },
  {
    cases: ['yield-in-hook'],
    reason: 'S42: a hook that yields of its own accord is resumed',
    change: all(
      steps(3, 4, [{ expect: '250 2.0.0 resumed\r\n' }, { send: QUIT }, { expect: CLOSING }]),
      hooksFrom(4, [reply('250 2.0.0 resumed\r\n'), ['quit'], reply(CLOSING), ['close', 0]]),
      (transcript) => ({ ...transcript, server_log: [] }),
    ),
  },
  // AUTH and XCLIENT
  {
    cases: ['auth-other-mech'],
    reason: 'AUTH LOGIN is there (RFC 4954): the client ends its dialogue with *',
    change: all(
      answer('AUTH LOGIN', '334 VXNlcm5hbWU6\r\n'),
      steps(6, 6, [{ send: '*\r\n' }, { expect: '501 5.7.0 authentication cancelled\r\n' }]),
      hooks(
        [reply('334 VXNlcm5hbWU6\r\n')],
        [reply('334 VXNlcm5hbWU6\r\n'), reply('501 5.7.0 authentication cancelled\r\n')],
      ),
    ),
  },
  {
    cases: [/^client-write-hook-(?:ehlo|auth|mail|content|header|dot|forward|noop|out_seq|unknown)$/],
    reason:
      'RFC 4954 section 4, RFC 4616: what is not base64, or no user and password, is refused, so that the client sends some',
    change: all(
      sends('AUTH PLAIN x', 'AUTH PLAIN AHgAeA==\r\n'),
      hooks([['auth', 'AUTH PLAIN x']], [['auth', 'AUTH PLAIN AHgAeA==']]),
    ),
  },
  {
    cases: ['auth-plain-334-continue'],
    reason:
      'RFC 4954: without an initial response the engine asks for it, and hook.auth gets the whole exchange',
    change: all(
      expected('AGFs', '334 \r\n'),
      hooks(
        [
          ['auth', 'AUTH PLAIN'],
          reply('334 \r\n'),
          ['unknown', 'AGFsaWNlAHNlY3JldA=='],
          reply(unknown('AGFsaWNlAHNlY3JldA==')),
        ],
        [reply('334 \r\n'), ['auth', 'AUTH PLAIN AGFsaWNlAHNlY3JldA=='], reply('334 \r\n')],
      ),
    ),
  },
  {
    cases: ['ehlo-no-xclient'],
    reason: 'S7: XCLIENT that is switched off is unknown',
    change: all(
      answer('XCLIENT', unknown('XCLIENT ADDR=1.2.3.4')),
      hooks(
        [['xclient'], ['accept', '1.2.3.4', 'localhost'], reply(unknown('XCLIENT ADDR=1.2.3.4'))],
        [['unknown', 'XCLIENT ADDR=1.2.3.4'], reply(unknown('XCLIENT ADDR=1.2.3.4'))],
      ),
    ),
  },
  {
    cases: ['xclient-addr-ipv6'],
    reason: 'S43: client.address is an address, without the IPv6: of XCLIENT',
    change: (transcript) =>
      JSON.parse(JSON.stringify(transcript).replace(/(?<!ADDR=)IPv6:2001/g, '2001')) as Transcript,
  },
  {
    cases: ['xclient-port-login'],
    reason: 'XCLIENT has PORT, LOGIN, DESTADDR and DESTPORT too',
    change: all(
      answer('XCLIENT', '220 {{HOST}} ESMTP {{ID_SESS}}\r\n'),
      answer('MAIL', outOfSequence('MAIL FROM:<alice@example.com>')),
      (transcript) => {
        const at = transcript.hook_log.findIndex(([name]) => name === 'mail');
        const again = transcript.hook_log.slice(at + 3);
        return hooksFrom(at - 1, [
          ['accept', '127.0.0.1', 'localhost'],
          reply('220 {{HOST}} ESMTP {{ID_SESS}}\r\n'),
          ['out_seq', 'MAIL FROM:<alice@example.com>'],
          reply(outOfSequence('MAIL FROM:<alice@example.com>')),
          ...again,
        ])(transcript);
      },
    ),
  },
  {
    cases: ['xclient-hook-550'],
    reason: 'S43: the refusal of hook.xclient is the reply; hook.out_seq has nothing to do with it',
    change: hooks([['out_seq', 'XCLIENT ADDR=192.0.2.7']], []),
  },
  {
    cases: ['getoption-setoption'],
    reason: 'smtpe.bin_version is our own; smtpe.getoption gives + or - for a flag, however it was set',
    change: hooks([['opt2', '777', '0', true, '0.1', '0.1']], [['opt2', '777', '-', true, '0.1.0', '0.1']]),
  },
  {
    cases: ['client-write-hook-content'],
    reason:
      'hook.content is not called with nothing: its client.write goes out with the first bytes of the message',
    change: all(
      expected('DATA', GO),
      expected('Subject', `250-w\r\n451 4.4.5 try again later {{ID_TRANS}}\r\n`),
    ),
  },
];
