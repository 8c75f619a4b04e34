// What sender authentication costs those who do not use it: no digest is begun for a message unless the policy asks and the message has something to
// be judged, or is to be signed.
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { MessageIntake } from '../../src/mail-auth/received.ts';
import { forwardedBy } from '../fakes/forwarded.ts';
import { makeKey, sealed, signed } from '../fakes/mail-auth.ts';

const rsa = makeKey('rsa', 2048);
const mail = 'From: a@example.com\r\nTo: b@example.net\r\nSubject: hello\r\nDate: today\r\n\r\nsome text\r\n';
const hashes = vi.spyOn(crypto, 'createHash');
const takenIn = vi.spyOn(MessageIntake.prototype, 'feed');
beforeAll(syncBuiltinESMExports);
afterAll(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

const sign = "{ domain = 'example.com', selector = 'sel', key = keys .. 'rsa.pem' }";

async function cost(dot: string, message: string): Promise<{ hashes: number; pieces: number }> {
  hashes.mockClear();
  takenIn.mockClear();
  // No name server is there: what would be asked for is not.
  const { reply } = await forwardedBy(dot, message, {
    options: { 'dns-servers': '127.0.0.1:1', 'dkim-timeout': '1' },
    files: { 'rsa.pem': rsa.pem },
  });
  expect(reply).toBe('ok');
  return { hashes: hashes.mock.calls.length, pieces: takenIn.mock.calls.length };
}

it('is nothing when nobody asks, whatever came', async () => {
  const message = await sealed(await signed(mail, { key: rsa.key }), { key: rsa.key }, { txt: {} });
  expect(await cost('', message)).toEqual({ hashes: 0, pieces: 0 });
  const other = "header.insert('X: 1') assert(spf.check and auth.add)";
  expect(await cost(other, message)).toEqual({ hashes: 0, pieces: 0 });
  const results = await cost('auth.add{ iprev = true } auth.author()', message);
  expect(results).toEqual({ hashes: 0, pieces: 0 });
});

it('is a digest of the body where the policy may ask and there is something to be judged', async () => {
  const message = await signed(mail, { key: rsa.key });
  expect((await cost('assert(dkim.verify)', message)).hashes).toBeGreaterThan(0);
  expect((await cost('assert(dkim.verify)', mail)).hashes).toBe(0);
});

it('is a look at the headers when nothing was signed', async () => {
  const asked = await cost('assert(#dkim.verify() == 0 and arc.verify().result == arc.result.NONE)', mail);
  expect(asked.hashes).toBe(0);
  expect(asked.pieces).toBeGreaterThan(0);
});

it('is a digest for what is judged, signed or sealed', async () => {
  const message = await signed(mail, { key: rsa.key });
  expect((await cost('dkim.verify()', message)).hashes).toBeGreaterThan(0);
  expect((await cost(`dkim.sign${sign}`, mail)).hashes).toBeGreaterThan(0);
  expect((await cost(`arc.seal${sign}`, mail)).hashes).toBeGreaterThan(0);
});
