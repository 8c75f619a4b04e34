// What stands at the end of a text of a stranger or a policy is cut off in linear time. A pattern that is tried anew at each of a million
// dots, commas or line ends takes minutes, and nothing ends it but the watchdog.
import { expect, it } from 'vitest';
import { withoutEnd } from '../../src/base/ascii.ts';
import { claimsToBeOurs } from '../../src/mail-auth/auth-results/claim.ts';
import { textPieces } from '../../src/message/uri/around.ts';
import { valueCandidates } from '../../src/message/uri/attribute.ts';
import { syslogModule } from '../../src/modules/syslog.ts';
import { parseReply } from '../../src/smtp/protocol/reply-text.ts';
import { fakeCallContext } from '../fakes/call-context.ts';
import { callModule } from '../fakes/call-module.ts';

/** Milliseconds; a quadratic cost would be minutes. */
const SOON = 15_000;

const cases: readonly (readonly [name: string, piece: string, run: (text: string) => unknown])[] = [
  ['withoutEnd', '.', (text) => withoutEnd(text, '.')],
  ['an authserv-id', '.', (text) => claimsToBeOurs(` ${text}; none`, ['mx.example.com'])],
  ['a host and hyphens', '-', (text) => textPieces(`http://a.test${text}`)],
  ['a host and dots, then an octet above 127', '.', (text) => textPieces(`http://a${text}\xe4`)],
  ['a list of addresses', ',', (text) => valueCandidates('list', `a${text}`, 'us-ascii')],
  ['a text for the log', '\n', (text) => callModule(syslogModule, 'info', fakeCallContext(), text)],
];

it.each(cases)('%s: 300,000 times %j and something else', (_, piece, run) => {
  const text = `${piece.repeat(300_000)}x`;
  const start = performance.now();
  run(text);
  expect(performance.now() - start).toBeLessThan(SOON);
});

it('a reply as long as may be, of line ends', () => {
  const start = performance.now();
  for (let i = 0; i < 20; i++) parseReply(`250 a${'\n'.repeat(16_000)}250 b`);
  expect(performance.now() - start).toBeLessThan(SOON);
});
