// Options that are right each by itself and wrong together: each pair is one line that says where, what, and what would be right; what only
// looks like one is none.
import { expect, it } from 'vitest';
import { contradictions } from '../../../src/options/contradictions.ts';
import { createOptions } from '../../../src/options/option-set.ts';

type Texts = NonNullable<Parameters<typeof createOptions>[0]>;

const tls = { 'smtp-tls': '/etc/x.pem' };

it.each<[Texts, RegExp]>([
  [{ group: 'mail' }, /group=mail has no effect without user=; set user too/],
  [
    { 'smtp-listen': 'mx=*:25', 'smtp-server-port': '26' },
    /smtp-server-port=26 has no effect beside smtp-listen/,
  ],
  [
    { 'smtp-listen': 'mx=*:25', 'my.smtp-greet-pause': '0' },
    /there is no listener my, smtp-listen has mx; did you mean mx\.smtp-greet-pause\?/,
  ],
  [
    { 'smtp-listen': 'mx=*:25/proxy' },
    /mx has the flag proxy, and smtp-proxy-hosts is empty.*; put the addresses/,
  ],
  [
    { 'smtp-listen': 'mx=*:25/tls-required' },
    /mx has the flag tls-required, and smtp-tls is empty: .*; name a certificate/,
  ],
  [{ ...tls, 'smtp-tls-client-cert': 'must' }, /smtp-tls-client-cert=must needs smtp-tls-client-ca/],
  [
    { ...tls, 'smtp-listen': 'in=*:587/auth-required/no-tls' },
    /in has the flags auth-required and no-tls, .*; remove the flag no-tls/,
  ],
  [
    { 'smtp-binarymime': '+', 'smtp-chunking': '-' },
    /smtp-binarymime has no effect without smtp-chunking; set both, or neither/,
  ],
  [
    { 'smtp-listen': 'mx=*:25', 'mx.smtp-binarymime': '+', 'smtp-forward-chunking': '-' },
    /with smtp-forward-chunking=- no next hop gets a message that smtp-binarymime takes; set smtp-forward-chunking=auto/,
  ],
  [{ 'hook-cpu-limit': '20000' }, /must be less than watchdog-timeout=20 s/],
  [
    { 'smtp-forward-user': 'u' },
    /smtp-forward-user=u is of no use without smtp-forward-password-file; set both/,
  ],
  [
    { 'smtp-smart-host': 'accounts:' },
    /is for accounts, and there are none; name their database in rumble-database/,
  ],
  [{ 'smtp-forward-tls': 'pin' }, /smtp-forward-tls=pin needs smtp-forward-tls-pin/],
  [
    { 'smtp-forward-tls-pin': `sha256:${'00'.repeat(32)}` },
    /smtp-forward-tls-pin has no effect with smtp-forward-tls=may/,
  ],
])('%j', (texts, line) => {
  const said = contradictions(createOptions(texts));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(line);
});

it.each<[Texts]>([
  [{}],
  [{ 'smtp-binarymime': '+' }],
  [{ ...tls, 'smtp-listen': 'in=*:587/auth-required/no-tls', 'smtp-tls-auth-only': '-' }],
  [{ 'smtp-listen': 'in=*:587/auth-required/no-tls' }],
  [{ ...tls, 'smtp-listen': 'in=*:587/auth-required' }],
  [{ 'smtp-listen': 'mx=*:25 in=*:587', 'mx.smtp-chunking': '-', 'in.smtp-binarymime': '+' }],
])('%j is none', (texts) => {
  expect(contradictions(createOptions(texts))).toEqual([]);
});

it.each([
  [
    '20.20.2',
    '2',
    /\+workers-reuse-port needs Node\.js 23\.1 or later, and this is 20\.20\.2; start smtpe with that, or remove it/,
  ],
  ['23.0.9', '2', /needs Node\.js 23\.1/],
  ['23.1.0', '1', /\+workers-reuse-port has no effect with workers=1; set workers too/],
  ['23.1.0', '2', undefined],
  ['24.0.0', '0', undefined],
])('sockets for each worker on Node.js %s with workers=%s', (node, workers, line) => {
  const said = contradictions(createOptions({ workers, 'workers-reuse-port': '+' }), node);
  expect(said).toHaveLength(line === undefined ? 0 : 1);
  if (line !== undefined) expect(said[0]).toMatch(line);
});
