// Long runs of empty lines, which are put out before it is known whether they count (canonical-body.ts): the same as the text of the RFC says.
// Short bodies, in all cuttings, are in spec/property/mail-auth.spec.ts.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSigned } from '../../../src/mail-auth/algorithm.ts';
import { BodyHashes } from '../../../src/mail-auth/body-hash.ts';

const lines = (count: number): string => '\r\n'.repeat(count);
const held = 16_384;

const bodies = {
  'that end the body': [`x${lines(3 * held)}`, 'x\r\n'],
  'that end a body without text': [lines(2 * held), '\r\n'],
  'of exactly the number that is held': [`x${lines(held)}`, 'x\r\n'],
  'before text': [`x${lines(3 * held + 1)}y`, `x${lines(3 * held + 1)}y\r\n`],
  'before a CR': [`x${lines(held)}\r`, `x${lines(held)}\r\r\n`],
  'twice, the second time at the end': [`x${lines(held + 7)}y${lines(2 * held)}`, `x${lines(held + 7)}y\r\n`],
} as const;

describe.each(['simple', 'relaxed'] as const)('%s: empty lines', (canonicalization) => {
  it.each(Object.entries(bodies))('%s', (name, [body, canonical]) => {
    const isEmpty = canonicalization === 'relaxed' && name === 'that end a body without text';
    const whole = isEmpty ? '' : canonical;
    for (const length of [undefined, 0, 2, held + 100, whole.length, whole.length + 1])
      for (const size of [1, 4097, 65_536, 1e7]) {
        const hashes = new BodyHashes();
        const key = { canonicalization, hash: 'sha256', length } as const;
        hashes.want(key, 1);
        const octets = Buffer.from(body, 'latin1');
        for (let at = 0; at < octets.length; at += size) hashes.feed(octets.subarray(at, at + size));
        hashes.end();
        expect(hashes.digest(key)).toEqual({
          digest: createHash('sha256').update(whole.slice(0, length), 'latin1').digest(),
          isWhole: length === undefined || length <= whole.length,
          unsignedBytes: length === undefined ? 0 : Math.max(0, whole.length - length),
        });
      }
  });
});

describe('a signature', () => {
  it('is as long as its key: one that lost a zero in front is none', () => {
    const { privateKey, publicKey: key } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const publicKey = { kind: 'rsa', key, bits: 1024 } as const;
    for (let i = 0; ; i++) {
      const input = Buffer.from(String(i));
      const signature = sign('sha256', input, privateKey);
      const digest = createHash('sha256').update(input).digest();
      expect(isSigned(publicKey, 'sha256', digest, signature)).toBe(true);
      if (signature[0] !== 0) continue;
      expect(isSigned(publicKey, 'sha256', digest, signature.subarray(1))).toBe(false);
      expect(isSigned(publicKey, 'sha256', digest, Buffer.concat([Buffer.alloc(1), signature]))).toBe(false);
      return;
    }
  });
});
