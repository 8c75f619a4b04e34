// Stored passwords as `doveadm pw` makes them, for each scheme that we know.
import { execFileSync } from 'node:child_process';
import { afterAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { PasswordCheck, passwordSchemes } from '../../src/users/password/password-check.ts';
import { describeWith } from './needs.ts';

const check = new PasswordCheck(systemClock);
afterAll(() => check.close());
const alive = new AbortController().signal;

describeWith(['doveadm'], 'a password that Dovecot has stored', () => {
  // A start of doveadm takes a while.
  const all = ['', '.HEX', '.B64'];
  const wholly = ['MD5', 'PLAIN', 'SSHA', 'SHA512-CRYPT'];
  it.each(passwordSchemes.filter((scheme) => scheme !== 'CRYPT'))('{%s}', async (scheme) => {
    for (const [at, encoding] of (wholly.includes(scheme) ? all : ['']).entries()) {
      const password = `s\u00e9cret ${at}`;
      const stored = execFileSync('doveadm', ['pw', '-s', `${scheme}${encoding}`, '-p', password], {
        encoding: 'latin1',
      }).trim();
      const secret = Buffer.from(password).toString('latin1');
      expect(await check.verify(stored, secret, alive), stored).toEqual({ kind: 'match' });
      expect(await check.verify(stored, `${secret}x`, alive), stored).toEqual({ kind: 'mismatch' });
    }
  });
});
