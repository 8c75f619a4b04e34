// Whose word about a message counts: sealers that are named in whatever form of their name (RFC 8616), and nobody whose name only looks alike.
import { expect, it } from 'vitest';
import { trustedResults } from '../../../src/mail-auth/arc/trusted-results.ts';

const u = 'b\xc3\xbccher.example';
const capitals = 'B\xc3\x9cCHER.example';
const a = 'xn--bcher-kva.example';

it.each([
  ['mx.example', ['MX.example.'], true],
  [u, [a], true],
  [a, [u], true],
  [capitals, [u], true],
  [u, [`${capitals}.`], true],
  [`sub.${u}`, [u], false],
  // The same octets in lower case of latin1 are other letters.
  ['\xe3\x89\x81.example', ['\xc3\x89\x81.example'], false],
  ['b\xc3\x9ccher.example', ['b\xe3\x9ccher.example'], false],
])('a chain of %s with %j trusted: %s', (domain, trusted, isTrusted) => {
  const results = 'mx; spf=pass smtp.mailfrom=x.example';
  const found = trustedResults(
    {
      result: 'pass',
      cause: 'ok',
      instance: 1,
      sealers: [{ instance: 1, domain, selector: 's', result: 'pass', results }],
      oldestPass: 0,
      isRecorded: false,
    },
    trusted,
  );
  expect(found !== undefined).toBe(isTrusted);
});
